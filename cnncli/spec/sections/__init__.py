"""What the sections of a spec accept: their keys, the values of these, and what contradicts what within one."""
