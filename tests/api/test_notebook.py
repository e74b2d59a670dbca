"""The API in a real notebook, and in a thread of a program with a running event loop."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

import cnncli

pytestmark = pytest.mark.slow

CELLS = [
    "import cnncli\nspec = cnncli.load_spec('mnist.yaml')",
    "cnncli.build_model(spec).count_params()",
    "cnncli.train(spec)",
    "run = cnncli.open_run('runs/mnist-001')\nrun.evaluate()",
    "run.predict('digit.png', top_k=3)[0]",
]


@pytest.mark.exhaustive
def test_five_functions_in_a_notebook(workplace):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(workplace)}}).execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert [one.output_type for cell in outputs for one in cell] == ["execute_result"] * 4  # and nothing is printed
    assert outputs[1][0].data["text/plain"] == "1970"
    shown = [cell[0].data["text/html"] for cell in outputs[2:]]
    assert all(text.startswith("<table>") for text in shown)
    assert "accuracy" in shown[0]
    assert "precision" in shown[1]
    assert shown[2].count("<tr>") == 4


@pytest.mark.exhaustive
def test_in_a_thread_under_a_running_event_loop(workplace):
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    async def main():
        return await asyncio.to_thread(cnncli.train, cnncli.load_spec("mnist.yaml"))

    run = asyncio.run(main())
    assert run.state == "finished"
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_two_threads_at_a_time_give_what_one_gives(run):
    results = []
    threads = [threading.Thread(target=lambda: results.append(run.evaluate().metrics)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [run.metrics] * 2
