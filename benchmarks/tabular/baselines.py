"""Plain models to compare with, written against scikit-learn and LightGBM alone: median and one-hot, no search."""

import numpy as np
import pandas as pd

MOST_ROWS = 300_000  # that the plain models learn from; they take minutes on more


def predictions(train: pd.DataFrame, test: pd.DataFrame, target: str, classes: list | None) -> dict[str, np.ndarray]:
    """Test predictions of "constant", "linear" and "lightgbm": (rows, classes) probabilities or (rows,) values."""
    if len(train) > MOST_ROWS:
        train = train.sample(MOST_ROWS, random_state=0)
    y = train[target].to_numpy() if classes is None else train[target].map({c: i for i, c in enumerate(classes)})
    y = np.asarray(y, float)
    made = {}
    if classes is None:
        made["constant"] = np.full(len(test), y.mean())
    else:
        made["constant"] = np.tile(np.bincount(y.astype(int), minlength=len(classes)) / len(y), (len(test), 1))
    made["linear"] = _linear(train.drop(columns=[target]), test.drop(columns=[target]), y, classes)
    made["lightgbm"] = _lightgbm(train.drop(columns=[target]), test.drop(columns=[target]), y, classes)
    return made


def _numbers_and_categories(X: pd.DataFrame) -> tuple[list[str], list[str]]:
    numbers = [c for c in X if pd.api.types.is_numeric_dtype(X[c]) or pd.api.types.is_bool_dtype(X[c])]
    return numbers, [c for c in X if c not in numbers]


def _linear(X: pd.DataFrame, Z: pd.DataFrame, y: np.ndarray, classes: list | None) -> np.ndarray:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers, categories = _numbers_and_categories(X)
    prepare = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("c", OneHotEncoder(handle_unknown="ignore", min_frequency=5), categories),
        ]
    )
    A = prepare.fit_transform(_as_text(X, categories))
    B = prepare.transform(_as_text(Z, categories))
    if classes is None:
        return Ridge().fit(A, y).predict(B)
    model = LogisticRegression(max_iter=300).fit(A, y)
    shares = np.zeros((len(Z), len(classes)))
    shares[:, model.classes_.astype(int)] = model.predict_proba(B)
    return shares


def _as_text(X: pd.DataFrame, categories: list[str]) -> pd.DataFrame:
    X = X.replace([np.inf, -np.inf], np.nan).copy()
    for column in categories:
        X[column] = X[column].astype(str).fillna("missing")
    return X


def _lightgbm(X: pd.DataFrame, Z: pd.DataFrame, y: np.ndarray, classes: list | None) -> np.ndarray:
    """Rate 0.05, early stopping on a 15 % hold-out, then refitted on everything."""
    import lightgbm as lgb
    from sklearn.model_selection import train_test_split

    _, categories = _numbers_and_categories(X)
    X, Z = X.copy(), Z.copy()
    for column in categories:
        levels = X[column].astype(str).dropna().unique()
        X[column] = pd.Categorical(X[column].astype(str), categories=levels)
        Z[column] = pd.Categorical(Z[column].astype(str), categories=levels)
    X.columns = Z.columns = [f"f{i}" for i in range(X.shape[1])]
    params = {
        "learning_rate": 0.05, "num_leaves": 31, "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1,
        "verbosity": -1, "num_threads": 2, "seed": 0, "feature_pre_filter": False,
    }  # fmt: skip
    if classes is None:
        params.update(objective="l2", metric="rmse")
    elif len(classes) == 2:
        params.update(objective="binary", metric="auc")
    else:
        params.update(objective="multiclass", num_class=len(classes), metric="multi_logloss")
    stratify = y if classes is not None and np.bincount(y.astype(int)).min() >= 2 else None
    a, b = train_test_split(np.arange(len(y)), test_size=0.15, random_state=0, stratify=stratify)
    full = lgb.Dataset(X, y, free_raw_data=False, params={"feature_pre_filter": False, "verbosity": -1})
    part = lgb.Dataset(X.iloc[a], y[a], free_raw_data=False, params={"feature_pre_filter": False, "verbosity": -1})
    stop = lgb.early_stopping(50, first_metric_only=True, verbose=False)
    best = lgb.train(params, part, 2000, valid_sets=[part.create_valid(X.iloc[b], y[b])], callbacks=[stop])
    predicted = lgb.train(params, full, max(1, best.best_iteration)).predict(Z)
    return np.c_[1 - predicted, predicted] if classes is not None and len(classes) == 2 else predicted
