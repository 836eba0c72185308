"""The desk: one file (pratica) per family, typed once and used for every intervention."""
