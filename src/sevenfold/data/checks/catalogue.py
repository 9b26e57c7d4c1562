"""Every check on the data alone."""

from __future__ import annotations

from sevenfold.core.registry import Catalogue
from sevenfold.core.report import Check
from sevenfold.data.checks.base import DataSubject

_HERE = "sevenfold.data.checks"

CHECKS: Catalogue[type[Check[DataSubject]]] = Catalogue(
    "Check",
    "sevenfold.data_checks",
    {
        "small-data": f"{_HERE}.small_data:SmallData",
        "missing-target": f"{_HERE}.missing_target:MissingTarget",
        "broken-target": f"{_HERE}.broken_target:BrokenTarget",
        "rare-classes": f"{_HERE}.rare_classes:RareClasses",
        "class-imbalance": f"{_HERE}.class_imbalance:ClassImbalance",
        "duplicate-rows": f"{_HERE}.duplicate_rows:DuplicateRows",
        "duplicate-across-test": f"{_HERE}.duplicates_across:DuplicateAcrossTest",
        "unreadable-values": f"{_HERE}.unreadable_values:UnreadableValues",
        "mixed-types": f"{_HERE}.mixed_types:MixedTypes",
        "spelling-variants": f"{_HERE}.spelling_variants:SpellingVariants",
        "hidden-missing-codes": f"{_HERE}.hidden_missing_codes:HiddenMissingCodes",
        "many-missing": f"{_HERE}.many_missing:ManyMissing",
        "outliers": f"{_HERE}.outliers:Outliers",
        "constant-columns": f"{_HERE}.constant_columns:ConstantColumns",
        "id-columns": f"{_HERE}.id_columns:IdColumns",
        "copied-columns": f"{_HERE}.copied_columns:CopiedColumns",
        "high-cardinality": f"{_HERE}.high_cardinality:HighCardinality",
        "target-leakage": f"{_HERE}.target_leakage:TargetLeakage",
        "target-formula": f"{_HERE}.target_formula:TargetFormula",
        "order-leakage": f"{_HERE}.order_leakage:OrderLeakage",
        "time-order": f"{_HERE}.time_order:TimeOrder",
        "group-leakage": f"{_HERE}.group_leakage:GroupLeakage",
        "train-test-shift": f"{_HERE}.train_test_shift:TrainTestShift",
        "unseen-categories": f"{_HERE}.unseen_categories:UnseenCategories",
        "sensitive-rates": f"{_HERE}.sensitive_rates:SensitiveRates",
        "proxy-of-sensitive": f"{_HERE}.proxy_of_sensitive:ProxyOfSensitive",
        "label-noise": f"{_HERE}.label_noise:LabelNoise",
    },
)
