"""A bundle in other systems' forms: an MLflow model folder, an ONNX graph."""
