"""The files in which parallel text comes: packed, in two files or in one."""
