"""The tests: one module for each module of the program, and those that keep the whole in order."""
