"""OpenVINO, for processors and graphics of Intel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.export.program import Runtime
from cnncli.temporary import temporary_folder

if TYPE_CHECKING:
    import keras

RUNTIME = Runtime(
    imports="import openvino",
    load="""\
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}  # else it computes in bfloat16 where the processor can
NETWORK = openvino.Core().compile_model(Path(__file__).with_name(MODEL["file"]), "CPU", EXACT)""",
    classify='return NETWORK({"image": pixels})["probabilities"]',
)


def write(network: keras.Model, path: Path, classes: tuple[str, ...]) -> None:
    """Writes a network: its structure to `path`, its weights beside it.

    The names inside the file are counted, so that the same network gives the same bytes.
    """
    import openvino

    with temporary_folder() as folder:
        exported = folder / path.name
        network.export(str(exported), format="openvino", verbose=False)
        model = openvino.Core().read_model(exported)
        for number, operation in enumerate(model.get_ordered_ops()):
            operation.set_friendly_name(f"{operation.get_type_name()}_{number}")
        model.set_rt_info(json.dumps(classes, ensure_ascii=False), ["classes"])  # of a list the blanks would be lost
        openvino.save_model(model, path, compress_to_fp16=False)
