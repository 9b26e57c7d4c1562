"""How raw values are read: one file for each kind of value, obeyed by `data.clean`, proposed by `data.infer`."""
