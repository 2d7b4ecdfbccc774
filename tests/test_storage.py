"""Saved models: what goes in comes out, damage is refused in one line, nothing is executed."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import pickle
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save

import dvtopics
from dvtopics.errors import ModelError
from dvtopics.storage import load_folder, save_folder, self_checksum

FILES = ["README.md", "arrays.safetensors", "config.json", "phrases.txt", "vocabulary.txt"]
ARRAYS = [
    "keys", "idf", "coef", "intercept", "embedding", "paragraph_coef", "paragraph_intercept",
    "paragraph_hidden_coef", "paragraph_hidden_own", "paragraph_hidden_near",
    "paragraph_hidden_whole", "paragraph_hidden_title", "paragraph_hidden_intercept",
    "paragraph_output", "article_coef", "article_intercept",
]  # fmt: skip
#: What has a side as long as the hidden layer, and which one; the same for the contents.
HIDDEN = {name: -1 for name in ARRAYS if name.startswith("paragraph_hidden_")}
HIDDEN["paragraph_output"] = 0
CONTENT = {
    "embedding": 1,
    **{f"paragraph_hidden_{x}": 0 for x in ("own", "near", "whole", "title")},
}


@pytest.fixture(scope="module")
def small_tagger(small_tagger):
    tagger = copy.copy(small_tagger)
    tagger.phrases_ = ["công dân", "dân chủ", "khiếu nại"]
    return tagger


@pytest.fixture(scope="module")
def saved_model(small_tagger, tmp_path_factory):
    folder = tmp_path_factory.mktemp("storage") / "small"
    copy.copy(small_tagger).save(folder)
    return folder


@pytest.fixture
def folder(saved_model, tmp_path):
    """A copy to damage."""
    return Path(shutil.copytree(saved_model, tmp_path / "model"))


def refuse(folder, match=None):
    with pytest.raises(ModelError, match=match) as caught:
        dvtopics.load(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    assert len(message) < 600


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def sign(folder, change=lambda config: None, listed=None):
    """Make all checksums right, as somebody who forges a model would."""
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    names = sorted(set(os.listdir(folder)) - {"config.json"}) if listed is None else listed
    config["files"] = {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in names}
    change(config)
    config["self_sha256"] = self_checksum(config)
    path.write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")


def change_arrays(folder, change):
    arrays = load_file(folder / "arrays.safetensors")
    change(arrays)
    (folder / "arrays.safetensors").write_bytes(
        save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    )
    sign(folder)


# -- what goes in comes out ---------------------------------------------------------------------


def test_round_trip(small_tagger, saved_model, authored):
    loaded = dvtopics.load(saved_model)
    records = [t.to_record() for t in loaded.tag_many(authored[:30])]
    fitted = copy.copy(small_tagger)
    fitted.model_ = loaded.model_
    assert records == [t.to_record() for t in fitted.tag_many(authored[:30])]
    config = (saved_model / "config.json").read_bytes()
    assert records[0]["model"] == f"small@{hashlib.sha256(config).hexdigest()[:12]}"
    assert loaded.get_params() == small_tagger.get_params()
    assert loaded.training_data_ == small_tagger.training_data_
    assert loaded.cross_validation_ == small_tagger.cross_validation_
    loose = loaded.set_thresholds(precision=0.5).thresholds_
    assert loose.to_config(loaded.themes_)["by_precision"]


def test_saving_what_was_loaded_gives_the_same_bytes(saved_model, tmp_path):
    dvtopics.load(saved_model).save(tmp_path / "small")
    assert contents(tmp_path / "small") == contents(saved_model)


def test_folder_holds_what_the_design_says(saved_model):
    assert sorted(os.listdir(saved_model)) == FILES
    config = json.loads((saved_model / "config.json").read_text(encoding="utf-8"))
    assert config["format_version"] == 3
    assert sorted(load_file(saved_model / "arrays.safetensors")) == sorted(ARRAYS)
    assert config["files"] == {
        name: hashlib.sha256((saved_model / name).read_bytes()).hexdigest()
        for name in FILES
        if name != "config.json"
    }
    rest = {k: v for k, v in config.items() if k != "self_sha256"}
    canonical = json.dumps(rest, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert config["self_sha256"] == hashlib.sha256(canonical.encode()).hexdigest()


def test_signing_alone_is_accepted(folder):
    # So that the refusals below come from what they change.
    sign(folder)
    dvtopics.load(folder)


def test_a_model_of_before_peaks_tags_without_them(small_tagger, folder, authored):
    """Its parameters do not know the window, its stage two has no weights on peaks."""
    n_peaks = 2 * len(small_tagger.themes_)

    def forget(config):
        del config["parameters"]["window"]
        config["context"]["paragraph"].remove("peak_logit")

    def cut(arrays):
        for name in ("paragraph_coef", "paragraph_hidden_coef"):
            arrays[name] = arrays[name][:-n_peaks]

    change_arrays(folder, cut)
    sign(folder, forget)
    old = dvtopics.load(folder)
    assert old.window == 0
    network = copy.copy(small_tagger)
    stage = network.pipeline_.paragraph_stage
    blind = replace(stage, coef=stage.coef.copy(), hidden_coef=stage.hidden_coef.copy())
    blind.coef[-n_peaks:] = blind.hidden_coef[-n_peaks:] = 0.0
    network.pipeline_ = replace(network.pipeline_, paragraph_stage=blind)
    for ours, theirs in zip(
        old.tag_many(authored[:20]), network.tag_many(authored[:20]), strict=True
    ):
        assert ours.tags == theirs.tags
        assert ours.themes == pytest.approx(theirs.themes, abs=2e-6)


@pytest.mark.parametrize("window", [1, 3, 128, -8, "8", None, [8], {}])
def test_a_window_that_is_none(folder, window):
    sign(folder, lambda config: config["parameters"].update(window=window))
    refuse(folder, "window")


def test_a_window_without_weights_on_peaks(folder):
    sign(folder, lambda config: config["parameters"].update(window=0))
    refuse(folder, "context")


# -- damage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_one_byte_changed(folder, name):
    path = folder / name
    whole = path.read_bytes()
    rng = random.Random(name)
    places = {0, len(whole) // 2, len(whole) - 1, *(rng.randrange(len(whole)) for _ in range(25))}
    for place in sorted(places):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        if name == "config.json":
            try:
                if json.loads(damaged) == json.loads(whole):
                    continue  # another kind of white space between values
            except (ValueError, UnicodeDecodeError):
                pass
        refuse(folder)


def test_every_digit_of_the_thresholds_counts(folder):
    path = folder / "config.json"
    whole = path.read_text(encoding="utf-8")
    begin = whole.index('"thresholds"')
    end = whole.index('"by_precision"', begin)
    digits = [i for i in range(begin, end) if whole[i].isdigit()]
    assert len(digits) > 8
    for place in digits:
        other = "1" if whole[place] != "1" else "2"
        path.write_text(whole[:place] + other + whole[place + 1 :], encoding="utf-8")
        refuse(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_truncated(folder, name, share):
    path = folder / name
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    refuse(folder)


@pytest.mark.parametrize("name", FILES)
def test_missing_file(folder, name):
    (folder / name).unlink()
    refuse(folder)


@pytest.mark.parametrize("name", [n for n in FILES if n not in ("config.json", "README.md")])
def test_missing_and_not_listed(folder, name):
    (folder / name).unlink()
    sign(folder)
    refuse(folder)


@pytest.mark.parametrize(
    "name", ["extra.txt", "more.safetensors", "code.py", "model.pkl", ".hidden"]
)
def test_unlisted_file(folder, name):
    (folder / name).write_bytes(b"")
    refuse(folder, name.replace(".", r"\."))


def test_a_listed_file_of_another_kind(folder):
    (folder / "code.py").write_text("raise SystemExit")
    sign(folder)
    refuse(folder, r"code\.py")


def test_a_listed_file_elsewhere(folder):
    (folder.parent / "outside.txt").write_text("x")
    sign(folder, lambda config: config["files"].update({"../outside.txt": "0"}))
    refuse(folder, "outside")


@pytest.mark.parametrize("name", FILES)
def test_symbolic_link(folder, name):
    moved = folder.parent / name
    (folder / name).rename(moved)
    (folder / name).symlink_to(moved)
    refuse(folder, "symbolic link")


def test_subfolder_and_pipe(folder):
    (folder / "sub.txt").mkdir()
    refuse(folder, "not a plain file")
    (folder / "sub.txt").rmdir()
    os.mkfifo(folder / "pipe.txt")
    refuse(folder, "not a plain file")


@pytest.mark.parametrize("place", ["missing", "a file", "empty"])
def test_no_model_there(tmp_path, place):
    path = tmp_path / "model"
    if place == "a file":
        path.write_text("x")
    elif place == "empty":
        path.mkdir()
    refuse(path)


# -- wrong content with right checksums -----------------------------------------------------------


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("how", ["missing", "shape", "rank", "dtype", "nan", "inf", "empty"])
def test_wrong_array(folder, name, how):
    def change(arrays):
        array = arrays[name]
        if how == "missing":
            del arrays[name]
        elif how == "shape":
            arrays[name] = array[:-1]
        elif how == "rank":
            arrays[name] = array[None]
        elif how == "dtype":
            arrays[name] = array.astype(
                np.float64
                if array.dtype == np.float16
                else np.float16
                if array.dtype.kind == "f"
                else np.int32
            )
        elif how == "empty":
            arrays[name] = array[:0]
        elif array.dtype.kind == "f":
            array.flat[-1] = {"nan": np.nan, "inf": np.inf}[how]
        else:
            array.flat[-1] = -1

    change_arrays(folder, change)
    refuse(folder)


@pytest.mark.parametrize("sides", [HIDDEN, CONTENT], ids=["hidden layer", "contents"])
def test_a_network_of_another_size(folder, sides):
    """Arrays that agree among themselves make a model; none of them may differ alone."""
    original = load_file(folder / "arrays.safetensors")

    def shorter(names, by):
        def change(arrays):
            for name in names:
                keep = range(original[name].shape[sides[name]] - by)
                arrays[name] = np.take(original[name], keep, axis=sides[name])

        change_arrays(folder, change)

    shorter(sides, 1)
    dvtopics.load(folder).tag("Tiếp công dân.")
    for name in sides:
        shorter(sides, 0)
        shorter([name], 1)
        refuse(folder, "expected")


@pytest.mark.parametrize("sides", [HIDDEN, CONTENT], ids=["hidden layer", "contents"])
def test_a_network_of_nothing(folder, sides):
    """Without hidden units or contents: refused, or a model that tags, but no later failure."""

    def change(arrays):
        for name, axis in sides.items():
            arrays[name] = np.take(arrays[name], range(0), axis=axis)

    change_arrays(folder, change)
    try:
        tagger = dvtopics.load(folder)
    except ModelError:
        return
    tagger.set_thresholds(0.0).tag("Tiếp công dân.")


def test_unknown_array(folder):
    change_arrays(folder, lambda arrays: arrays.update(more=np.zeros(1)))
    refuse(folder, "more")


@pytest.mark.parametrize(
    "change",
    [
        lambda keys: keys[::-1].copy(),
        lambda keys: np.concatenate([keys[:-1], keys[-2:-1]]),
        lambda keys: np.concatenate([keys[:-1], [2**62]]),
        lambda keys: np.concatenate([[-5], keys[1:]]),
    ],
)
def test_ngrams_of_no_syllable(folder, change):
    change_arrays(folder, lambda arrays: arrays.update(keys=change(arrays["keys"])))
    refuse(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:-1], lambda lines: [*lines, "thêm"], lambda lines: [],
        lambda lines: [lines[0], *lines[:-1]],
    ],
)  # fmt: skip
def test_vocabulary_of_another_size(folder, change):
    path = folder / "vocabulary.txt"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    path.write_text("".join(f"{line}\n" for line in change(lines)), encoding="utf-8")
    sign(folder)
    refuse(folder, "vocabulary")


def test_vocabulary_that_is_not_utf8(folder):
    (folder / "vocabulary.txt").write_bytes(b"\xff\xfe\n")
    sign(folder)
    refuse(folder, r"vocabulary\.txt")


@pytest.mark.parametrize(
    "path",
    [
        ("thresholds", "paragraph", "party_building"),
        ("thresholds", "by_precision", "article", "party_building"),
        ("calibration", "article", "party_building", "slope"),
        ("calibration", "paragraph"),
        ("parameters", "ngram_max"),
        ("themes",), ("thresholds",), ("calibration",), ("parameters",), ("context",), ("class",),
        ("files",),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "value", [None, "text", -1, 10**400, [], [1], {}, {"a": {}}, True], ids=lambda v: str(v)[:12]
)
def test_wrong_values_in_the_config(folder, path, value):
    def change(config):
        *way, last = path
        for step in way:
            config = config[step]
        config[last] = value

    if path[-1] == "party_building" and value is True:
        return  # reads as 1
    if path[1:2] == ("by_precision",) and value in ([], {}):
        return  # no precision was reached
    if path[-1] in ("slope", "ngram_max") and (
        value is True or (value == -1 and path[-1] == "slope")
    ):
        return  # a number like any other
    sign(folder, change)
    refuse(folder)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_are_none(folder, number):
    path = folder / "config.json"
    sign(folder, lambda config: config["calibration"].update(more=12345.5))
    path.write_text(path.read_text(encoding="utf-8").replace("12345.5", number), encoding="utf-8")
    refuse(folder, "JSON")


@pytest.mark.parametrize("version", [0, 1, 2, 4, "3", None, True, [], 3.5, 10**30])
def test_unknown_format_version(folder, version):
    sign(folder, lambda config: config.update(format_version=version))
    refuse(folder, "format_version")


def test_unknown_class(folder):
    sign(folder, lambda config: config.update({"class": "os.system"}))
    refuse(folder, "not known here")


@pytest.mark.parametrize("parameter", ["nonsense", "self", "__class__"])
def test_unknown_parameter(folder, parameter):
    sign(folder, lambda config: config["parameters"].update({parameter: 1}))
    refuse(folder)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00" * 100, b"[]", b"1", b"null", b"{", b"{}", b"\xff\xfe", b"<html>",
     b'{"format_version": 1}', b"[" * 100_000, b'{"a":' * 100_000],
)  # fmt: skip
def test_config_that_is_none(folder, raw):
    (folder / "config.json").write_bytes(raw)
    refuse(folder)


def test_config_nested_to_every_depth(folder):
    # Reading and writing JSON give up at different depths: both must end in a clear error.
    text = (folder / "config.json").read_text(encoding="utf-8").rstrip().removesuffix("}")
    for depth in [*range(850, 1010), 5_000, 100_000]:
        deep = "[" * depth + "]" * depth
        (folder / "config.json").write_text(f'{text}, "deep": {deep}}}', encoding="utf-8")
        refuse(folder, r"config\.json")


# -- nothing is executed --------------------------------------------------------------------------


class Bomb:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    "name",
    ["arrays.safetensors", "vocabulary.txt", "config.json", "more.safetensors", "model.pkl",
     "model.joblib", "arrays.npy"],
)  # fmt: skip
def test_a_pickle_is_not_executed(folder, name, signed):
    marker = folder.parent / "marker"
    data = pickle.dumps(Bomb(marker))
    pickle.loads(data)
    assert marker.exists(), "the bomb works"
    marker.unlink()
    (folder / name).write_bytes(data)
    if signed and name != "config.json":
        sign(folder)
    refuse(folder)
    assert not marker.exists()


# -- saving ---------------------------------------------------------------------------------------


class Disk:
    """Fails at the n-th call of a method of Path."""

    def __init__(self, monkeypatch, method, at):
        self.calls, usual = 0, getattr(Path, method)

        def call(path, *arguments, **named):
            self.calls += 1
            if self.calls == at:
                raise OSError(28, "No space left on device")
            return usual(path, *arguments, **named)

        monkeypatch.setattr(Path, method, call)


@pytest.mark.parametrize(("method", "at"), [*(("write_bytes", n) for n in (1, 3, 5)),
                                            ("replace", 1), ("replace", 2)])  # fmt: skip
def test_failure_midway_leaves_the_old_model(folder, small_tagger, monkeypatch, method, at):
    before = contents(folder)
    with monkeypatch.context() as patch:
        Disk(patch, method, at)
        with pytest.raises(OSError, match="No space left"):
            small_tagger.save(folder)
    assert contents(folder) == before
    assert os.listdir(folder.parent) == [folder.name], "nothing is left lying about"
    dvtopics.load(folder)


def test_failure_midway_leaves_no_half_model(tmp_path, small_tagger, monkeypatch):
    with monkeypatch.context() as patch:
        Disk(patch, "write_bytes", 2)
        with pytest.raises(OSError, match="No space left"):
            small_tagger.save(tmp_path / "new")
    assert os.listdir(tmp_path) == []


def test_a_model_is_replaced_whole(folder, small_tagger, authored):
    (folder / "vocabulary.txt").write_text("damaged")
    small_tagger.save(folder)
    loaded = dvtopics.load(folder)
    assert loaded.predict_proba(authored[:3]).tolist() == (
        small_tagger.predict_proba(authored[:3]).tolist()
    )
    assert os.listdir(folder.parent) == [folder.name]


@pytest.mark.parametrize(
    "files",
    [
        {"notes.txt": "mine"},
        {"config.json": '{"name": "another program"}', "photo.jpg": "mine"},
        {"config.json": "not JSON"},
        {"config.json": '["files", "format_version", "self_sha256"]'},
        {"config.json": '{"format_version": 1, "self_sha256": "", "files": {}}', "notes.md": ""},
    ],
)
def test_saving_never_replaces_another_folder(tmp_path, small_tagger, files):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    before = contents(folder)
    with pytest.raises(ModelError, match="not a model folder"):
        small_tagger.save(folder)
    assert contents(folder) == before


def test_a_link_to_a_model_is_written_through(folder, small_tagger):
    link = folder.parent / "link"
    link.symlink_to(folder)
    small_tagger.save(link)
    assert link.is_symlink()
    assert sorted(os.listdir(folder.parent)) == ["link", "model"]
    assert dvtopics.load(link).model_.startswith("model@")


def test_saving_over_a_file_and_into_an_empty_folder(tmp_path, small_tagger):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ModelError, match="not a model folder"):
        small_tagger.save(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    small_tagger.save(tmp_path / "empty")
    small_tagger.save(tmp_path / "deep" / "er")
    assert contents(tmp_path / "empty").keys() == contents(tmp_path / "deep" / "er").keys()


def test_plain_values_round_trip(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([], dtype=np.int64)}
    checksum = save_folder(
        tmp_path / "m", {"x": [1, "ộ", None]}, arrays, {"t": "ộ\n\r\n"}, "# card"
    )
    files = load_folder(tmp_path / "m")
    assert files.checksum == checksum
    assert files.config["x"] == [1, "ộ", None]
    assert files.texts == {"t": "ộ\n\r\n"}
    assert {k: v.tolist() for k, v in files.arrays.items()} == {
        k: v.tolist() for k, v in arrays.items()
    }
