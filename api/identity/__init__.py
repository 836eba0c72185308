"""Who is asking: accounts, sessions, the office's own provider of identity, and what each role may do."""
