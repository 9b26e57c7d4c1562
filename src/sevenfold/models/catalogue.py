"""Every model, one line each."""

from sevenfold.core.model import Model
from sevenfold.core.registry import Catalogue

MODELS: Catalogue[type[Model]] = Catalogue(
    "Model",
    "sevenfold.models",
    {
        "constant": "sevenfold.models.baseline.constant:Constant",
        "naive_bayes": "sevenfold.models.bayes.naive_bayes:NaiveBayes",
        "elastic_net": "sevenfold.models.linear.elastic_net:ElasticNet",
        "lasso": "sevenfold.models.linear.lasso:Lasso",
        "linear": "sevenfold.models.linear.linear:LinearRegression",
        "logistic_l1": "sevenfold.models.linear.logistic_l1:LogisticL1",
        "logistic_l2": "sevenfold.models.linear.logistic_l2:LogisticL2",
        "perceptron": "sevenfold.models.linear.perceptron:Perceptron",
        "poisson": "sevenfold.models.linear.poisson:PoissonRegression",
        "ridge": "sevenfold.models.linear.ridge:Ridge",
        "neighbours": "sevenfold.models.neighbours.neighbours:Neighbours",
        "image_network": "sevenfold.models.networks.image_network:ImageNetwork",
        "mlp": "sevenfold.models.networks.mlp:MultilayerPerceptron",
        "ease": "sevenfold.models.recommenders.ease:Ease",
        "factor_ratings": "sevenfold.models.recommenders.factor_ratings:FactorRatings",
        "item_neighbours": "sevenfold.models.recommenders.item_neighbours:ItemNeighbours",
        "popularity": "sevenfold.models.recommenders.popularity:Popularity",
        "svm_linear": "sevenfold.models.svm.svm_linear:LinearSVM",
        "svm_rbf": "sevenfold.models.svm.svm_rbf:GaussianSVM",
        "catboost": "sevenfold.models.trees.catboost:CatBoost",
        "decision_tree": "sevenfold.models.trees.decision_tree:DecisionTree",
        "extra_trees": "sevenfold.models.trees.extra_trees:ExtraTrees",
        "lightgbm": "sevenfold.models.trees.lightgbm:LightGBM",
        "random_forest": "sevenfold.models.trees.random_forest:RandomForest",
        "xgboost": "sevenfold.models.trees.xgboost:XGBoost",
    },
)
