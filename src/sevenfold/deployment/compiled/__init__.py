"""From a record to a prediction without data frames, where that gives the same answers bit for bit."""
