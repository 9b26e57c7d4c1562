import numpy as np
import polars as pl

from sevenfold.core.inputs import Columns, Form
from sevenfold.features.ids.id_codes import IdCodes


def test_users_and_items_get_codes_and_the_unknown_gets_minus_one():
    events = pl.DataFrame({"user": ["u1", "u2", "u1", None], "item": ["i1", "i1", "i2", "i1"]})
    feature = IdCodes(["user", "item"])
    block = feature.fit(Columns(events), None, np.random.default_rng(0))
    assert block.form is Form.IDS and block.levels == (2, 2)
    assert block.values.tolist() == [[0, 0], [1, 0], [0, 1], [-1, 0]]
    assert feature.transform(Columns(pl.DataFrame({"user": ["u9"], "item": ["i2"]}))).values.tolist() == [[-1, 1]]


def test_ids_may_be_numbers():
    events = pl.DataFrame({"user": [7.0, 8.0, 7.0]})
    assert IdCodes(["user"]).fit(Columns(events), None, np.random.default_rng(0)).values[:, 0].tolist() == [0, 1, 0]
