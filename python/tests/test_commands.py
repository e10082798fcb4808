"""Commands as functions."""

import datetime
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import rankproof
from rankproof._options import options


def test_keywords_are_options():
    found = options(
        {
            "bin_seconds": 0.05,
            "where": ["a=1", "b<2"],
            "window": (-0.5, 1),
            "ranks": range(1, 6),
            "fixed": True,
            "lattice": False,
            "epoch": None,
            "seed": np.int64(3),
            "lambda_": np.float32(0.5),
        }
    )
    assert found == [
        "--bin-seconds=0.05",
        "--where=a=1",
        "--where=b<2",
        "--window=-0.5,1",
        "--ranks=1..5",
        "--fixed",
        "--seed=3",
        "--lambda=0.5",
    ]
    with pytest.raises(TypeError, match="seed: is a object, expected a text, a number"):
        options({"seed": object()})


def test_theorems_are_listed_and_shown():
    assert "siso-reciprocity" in rankproof.theorems()
    assert rankproof.theorems("siso-reciprocity").startswith("siso-reciprocity\n")
    with pytest.raises(ValueError, match="no theorem is called \"none\"; there are"):
        rankproof.theorems("none")


def test_verify_has_a_table():
    found = rankproof.verify(
        theorem=["siso-reciprocity", "short-trials"], arithmetic="exact", cases=20, seed=2
    )
    assert found.holds and [row["theorem"] for row in found.rows] == [
        "siso-reciprocity",
        "short-trials",
    ]
    assert found.to_dict()["seed"] == 2 and str(found).startswith("theorem ")
    with pytest.raises(ValueError, match="^unexpected argument '--cased' found"):
        rankproof.verify(cased=20)


def test_explore_has_cells():
    found = rankproof.explore(neurons=8, instances=1)
    assert found.rows and str(found).startswith("d_in")


def test_recordings_are_simulated_prepared_and_inspected(tmp_path):
    recording = rankproof.simulate(neurons=5, trials=12, bins=6, rank=2, seed=4)
    assert recording.shape == (5, 6, 12) == recording.activity.shape
    assert recording.mask.all() and len(recording.conditions) == 12
    assert recording.bin_seconds > 0 and recording.provenance["seed"] == 4
    path = tmp_path / "kept.npz"
    recording.save(path)
    kept = rankproof.Recording.load(path)
    assert np.array_equal(kept.activity, recording.activity)
    assert "5 neurons" in repr(kept) and "<th>trials</th><td>12</td>" in kept._repr_html_()

    np.savez(tmp_path / "raw.npz", counts=np.arange(60.0).reshape(3, 4, 5), target=np.arange(5) % 2)
    out = tmp_path / "rec.npz"
    prepared = rankproof.prepare(
        tmp_path / "raw.npz", array="counts", bin_seconds=0.05, condition="target", out=out
    )
    assert prepared.path == out and prepared.shape == (3, 4, 5)
    assert prepared.bin_seconds == 0.05 and prepared.condition_names == ["0", "1"]
    assert prepared.conditions == ["0", "1", "0", "1", "0"]
    found = rankproof.inspect(out)
    assert "activity" in {row["path"] for row in found.rows} and "activity" in found.text


def test_a_temporary_recording_goes_with_its_object():
    import gc

    recording = rankproof.simulate(neurons=3, trials=4, bins=5, rank=1, conditions=2)
    path = recording.path
    assert path.exists()
    del recording
    gc.collect()
    assert not path.parent.exists()


def test_objects_of_pynwb_are_read_again(tmp_path):
    class File:
        container_source = str(tmp_path / "none.nwb")

    class Wrapped:
        nwb = File()

    for given in (File(), Wrapped()):
        with pytest.raises(FileNotFoundError, match=r"none.nwb: does not exist"):
            rankproof.prepare(given, spikes="units", every=1, bin=0.05)


def test_a_file_that_pynwb_reads_is_prepared(tmp_path):
    pynwb = pytest.importorskip("pynwb", reason="passed over: there is no pynwb")
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    file = pynwb.NWBFile("a session", "it", start)
    file.add_trial_column("side", "where")
    for trial in range(12):
        file.add_trial(start_time=float(trial), stop_time=trial + 0.9, side="lr"[trial % 2])
    random = np.random.default_rng(1)
    for _ in range(4):
        file.add_unit(spike_times=np.sort(random.uniform(0, 12, size=200)))
    keywords = {"spikes": "units", "align": "trials.start_time", "window": (0, 0.8), "bin": 0.1}
    with pytest.raises(ValueError, match="is a NWBFile that was not read from a file, expected a path"):
        rankproof.prepare(file, **keywords)
    path = tmp_path / "file.nwb"
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    expected = rankproof.prepare(path, condition="side", **keywords)
    assert expected.shape == (4, 8, 12) and expected.condition_names == ["l", "r"]
    with pynwb.NWBHDF5IO(path, "r") as io:
        found = rankproof.prepare(io.read(), condition="side", **keywords)
    assert np.array_equal(found.activity, expected.activity)
    assert found.conditions == expected.conditions


def test_errors_have_the_sentence_of_the_command_line(tmp_path):
    missing = tmp_path / "none.nwb"
    sentence = rf"^{missing}: does not exist$"
    with pytest.raises(FileNotFoundError, match=sentence):
        rankproof.inspect(missing)
    with pytest.raises(FileNotFoundError, match=sentence):
        rankproof.Recording.load(missing)
    np.savez(tmp_path / "raw.npz", counts=np.ones((3, 4, 5)))
    with pytest.raises(ValueError, match=r'raw.npz: has no array "rates", only'):
        rankproof.prepare(tmp_path / "raw.npz", array="rates", bin_seconds=1)
    with pytest.raises(FileNotFoundError, match="there is no folder .* to write it to"):
        rankproof.simulate(neurons=3, trials=4, bins=5, out=tmp_path / "no" / "rec.npz")
    with pytest.raises(ValueError, match=r'raw.npz: has no array "activity"'):
        rankproof.Recording.load(tmp_path / "raw.npz")
    with pytest.raises(ValueError, match="^unexpected argument '--binned' found"):
        rankproof.prepare(tmp_path / "raw.npz", array="counts", binned=3)


def test_the_program_is_there():
    found = subprocess.run(
        [sys.executable, "-m", "rankproof", "theorems", "none"], capture_output=True, text=True
    )
    assert found.returncode == 2 and found.stderr.startswith("error: invalid value 'none'")


INTERRUPTED = """
import rankproof
from rankproof import _child

heard = _child._heard

def told(process):
    print(process.pid, flush=True)
    return heard(process)

_child._heard = told
try:
    rankproof.verify(cases=10**7)
    print("ended")
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are others")
def test_an_interrupt_ends_the_command():
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True
    )
    child = int(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate()
    assert out.split() == ["interrupted"]
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
