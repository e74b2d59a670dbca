"""`cnncli tune`: a search over keys of a spec, which any number of processes and machines can join.

    worker → study → storage
           → process → trial (a process of its own, which trains)

worker      one process of the search: takes a trial, has it trained, reports it, until there are enough
observers   who hears of it
study       the search in Optuna's storage: made once, joined by others only if it is the same
proposal    what to try next, by Optuna's samplers, or the points of a grid
storage     a journal file, SQLite or PostgreSQL; what is away is waited for
journal     Optuna's journal file, which neither a killed writer nor a full disk damages
turns       one process at a time decides
folder      the folder of the search, and those of its trials, which are ordinary runs
process     starts the process of a trial and talks with it
trial       that process
trial_end   how a trial ended, as its run says
result      best.yaml and the page
retrain     the best spec with several seeds
"""
