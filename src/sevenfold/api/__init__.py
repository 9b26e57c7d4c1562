"""The verbs: train, resume, audit, load, evaluate, predict. Command line and estimators are shells over these."""
