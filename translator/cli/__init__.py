"""The command line: one module per subcommand, which parses arguments and prints results."""
