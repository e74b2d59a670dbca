"""Which processes train together, from options and from variables."""

from __future__ import annotations

import json

import pytest

from cnncli.workers.addresses import expanded_hosts, workers_of

TWO = "a:5000,[::1]:5001"


def test_addresses_are_by_rank():
    workers = workers_of(TWO, 1, 60.0)
    assert workers.addresses == ("a:5000", "[::1]:5001")
    assert workers.place(1) == ("::1", 5001)
    assert workers.name(0) == "rank 0 (a:5000)"
    assert (workers.is_chief, workers_of(TWO, 0).is_chief) == (False, True)


@pytest.mark.parametrize(
    ("text", "rank", "message"),
    [
        ("a:5000", 0, "--workers: expected two addresses or more, got 1"),
        ("a:5000,a:5000", 0, "'a:5000' is listed twice"),
        ("a:5000,b", 0, "got 'b'"),
        ("a:5000,b:70000", 0, "got 'b:70000'"),
        ("a:5000,b:0", 0, "got 'b:0'"),
        ("a:5000,", 0, "got ''"),
        ("a:5000,b:5000", None, "--workers requires --rank, the number of this process from 0 to 1"),
        ("a:5000,b:5000", 2, "--rank: expected a number from 0 to 1, got 2"),
    ],
)
def test_what_is_no_address_or_rank_is_refused(text, rank, message):
    with pytest.raises(ValueError, match="--") as raised:
        workers_of(text, rank)
    assert message in str(raised.value)


def test_tf_config_names_the_processes_and_a_chief_is_the_first():
    config = {"cluster": {"worker": ["b:1", "c:1"], "chief": ["a:1"]}, "task": {"type": "worker", "index": 1}}
    workers = workers_of("TF_CONFIG", None, variables={"TF_CONFIG": json.dumps(config)})
    assert (workers.addresses, workers.rank) == (("a:1", "b:1", "c:1"), 2)


@pytest.mark.parametrize("text", ["[]", "{", '{"cluster": {"worker": ["a:1"]}}', '{"cluster": [], "task": {}}'])
def test_a_tf_config_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="TF_CONFIG: expected"):
        workers_of("TF_CONFIG", None, variables={"TF_CONFIG": text})


def test_variables_that_are_not_set_are_named():
    with pytest.raises(ValueError, match="the variable TF_CONFIG is not set"):
        workers_of("TF_CONFIG", None, variables={})
    with pytest.raises(ValueError, match="SLURM_STEP_NODELIST is not set; start it with srun"):
        workers_of("slurm", None, variables={})


SLURM = [
    ("gpu[08-10,12],login", "2(x3),1,3", "9"),
    ("n1", "2", "1"),
    ("a1,b[3-4]", "1(x3)", "0"),
    ("rack1-n[001-002],rack2-n7", "1(x2),2", "3"),
]


def variables(hosts: str, tasks: str, rank: str) -> dict[str, str]:
    return {"SLURM_STEP_NODELIST": hosts, "SLURM_STEP_TASKS_PER_NODE": tasks, "SLURM_PROCID": rank}


def test_slurm_names_a_process_for_every_task():
    workers = workers_of("slurm", None, variables=variables("n[1-2]", "2(x2)", "2"))
    assert workers.addresses == ("n1:8888", "n1:8889", "n2:8888", "n2:8889")
    assert workers.rank == 2
    assert expanded_hosts("n[9-10]") == ["n9", "n10"]  # in the order of their ranks, which is not that of the alphabet


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize(("hosts", "tasks", "rank"), SLURM)
def test_processes_are_those_of_the_resolvers_of_tensorflow(hosts, tasks, rank, monkeypatch):
    from tensorflow.python.distribute.cluster_resolver import slurm_cluster_resolver as slurm

    from cnncli.startup import tf

    own = workers_of("slurm", None, variables=variables(hosts, tasks, rank))
    counted = zip(slurm.expand_hostlist(hosts), slurm.expand_tasks_per_node(tasks), strict=True)
    assert own.addresses == tuple(f"{host}:{8888 + task}" for host, count in counted for task in range(count))
    assert own.rank == int(rank)
    config = {"cluster": {"worker": list(own.addresses)}, "task": {"type": "worker", "index": own.rank}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    again = workers_of("TF_CONFIG", None)
    assert (tuple(resolver.cluster_spec().as_dict()["worker"]), resolver.task_id) == (again.addresses, again.rank)
