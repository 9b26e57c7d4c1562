"""Words that every step shares: task, dataset, inputs, feature, model, recipe, pipeline, metric, report, run."""
