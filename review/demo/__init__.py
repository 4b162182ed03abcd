"""The example project as data: synthetic records and two simulated reviewers; every output of it says SIMULATED."""
