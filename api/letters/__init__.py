"""Letters on paper and in a page: the same Letter, printed as an accessible PDF or shown as HTML."""
