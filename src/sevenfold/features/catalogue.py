"""Every feature, one line each, in the order in which they are shown."""

from __future__ import annotations

from sevenfold.core.feature import Feature
from sevenfold.core.registry import Catalogue

_HERE = "sevenfold.features"

FEATURES: Catalogue[type[Feature]] = Catalogue(
    "Feature",
    "sevenfold.features",
    {
        "passthrough": f"{_HERE}.numbers.passthrough:Passthrough",
        "impute": f"{_HERE}.numbers.impute:Impute",
        "scale": f"{_HERE}.numbers.scale:Scale",
        "quantile": f"{_HERE}.numbers.quantile:Quantile",
        "clip": f"{_HERE}.numbers.clip:Clip",
        "log": f"{_HERE}.numbers.log:Log",
        "bins": f"{_HERE}.numbers.bins:Bins",
        "splines": f"{_HERE}.numbers.splines:Splines",
        "one_hot": f"{_HERE}.categories.one_hot:OneHot",
        "one_hot_sparse": f"{_HERE}.categories.one_hot:OneHotSparse",
        "ordinal": f"{_HERE}.categories.ordinal:Ordinal",
        "ordered": f"{_HERE}.categories.ordered:Ordered",
        "target_encode": f"{_HERE}.categories.target_encode:TargetEncode",
        "frequency": f"{_HERE}.categories.frequency:Frequency",
        "hashing": f"{_HERE}.categories.hashing:Hashing",
        "date_parts": f"{_HERE}.dates.date_parts:DateParts",
        "elapsed": f"{_HERE}.dates.elapsed:Elapsed",
        "tfidf": f"{_HERE}.text.tfidf:Tfidf",
        "text_svd": f"{_HERE}.text.text_svd:TextSvd",
        "text_stats": f"{_HERE}.text.text_stats:TextStats",
        "text_numbers": f"{_HERE}.text.text_numbers:TextNumbers",
        "text_words": f"{_HERE}.text.text_words:TextWords",
        "picture_pixels": f"{_HERE}.images.picture_pixels:PicturePixels",
        "picture_stats": f"{_HERE}.images.picture_stats:PictureStats",
        "picture_hog": f"{_HERE}.images.picture_hog:PictureHog",
        "ratios": f"{_HERE}.interactions.ratios:Ratios",
        "category_pairs": f"{_HERE}.interactions.category_pairs:CategoryPairs",
        "select_l1": f"{_HERE}.selection.select_l1:SelectL1",
        "select_importance": f"{_HERE}.selection.select_importance:SelectImportance",
        "id_codes": f"{_HERE}.ids.id_codes:IdCodes",
    },
)
