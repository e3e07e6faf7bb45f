"""How many faults the tests of the decision notice: mutants of `capacity/`, run against its tests."""
