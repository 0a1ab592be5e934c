"""Nouns of WordNet 3.0 over ImageNet's 1,000 classes: the concepts that the encoder can name."""

import hashlib
import io
import lzma
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# ImageNet's ids are offsets into WordNet 3.0; Debian's package of it, architecture-independent.
DEB = "http://deb.debian.org/debian/pool/main/w/wordnet/wordnet-base_3.0-37_all.deb"
DEB_SHA256 = "61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752"
NOUNS = "./usr/share/wordnet/data.noun"
SENSES = "./usr/share/wordnet/index.noun"


@dataclass
class Concepts:
    """ImageNet's classes, their ancestors, and the words for them."""

    leaves: list[list[str]]  # (1000) all lemmas of each class, the usual one first
    descendants: np.ndarray  # (C, 1000) rows sum to 1: the classes below each concept, evenly
    lemmas: list[str]  # (L) words, each for one concept
    concept: np.ndarray  # (L) the concept of each lemma
    nouns: list[str]  # every common noun of WordNet


def fetch(folder: Path) -> bytes:
    """Debian's package, downloaded once and verified."""
    path = folder / DEB.rsplit("/", 1)[1]
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(DEB) as response:
            path.write_bytes(response.read())
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != DEB_SHA256:
        raise SystemExit(f"Cannot use {path}: its SHA-256 is {found}, expected {DEB_SHA256}")
    return content


def unpack(deb: bytes) -> dict[str, list[str]]:
    """The two files of nouns, as lines without the licence at their head."""
    at = 8  # a .deb is an ar archive: "!<arch>\n", then members with 60-byte headers
    while at < len(deb):
        name, size = deb[at : at + 16].decode().strip(" /"), int(deb[at + 48 : at + 58])
        if name == "data.tar.xz":
            data = lzma.decompress(deb[at + 60 : at + 60 + size])
            with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                return {file: body(tar, file) for file in (NOUNS, SENSES)}
        at += 60 + size + size % 2
    raise SystemExit("Cannot unpack WordNet: the package holds no data.tar.xz")


def body(tar: tarfile.TarFile, file: str) -> list[str]:
    text = tar.extractfile(file).read().decode("latin-1")
    return [line for line in text.splitlines() if not line.startswith("  ")]


def synsets(lines: list[str]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Lemmas and hypernyms of each synset, by its offset (see wndb(5WN))."""
    lemmas, hypernyms = {}, {}
    for line in lines:
        fields = line.split(" | ")[0].split(" ")
        offset, words = fields[0], int(fields[3], 16)
        lemmas[offset] = [fields[4 + 2 * i].replace("_", " ") for i in range(words)]
        first = 5 + 2 * words
        pointers = [fields[i : i + 3] for i in range(first, first + 4 * int(fields[first - 1]), 4)]
        hypernyms[offset] = [to for symbol, to, part in pointers if symbol in ("@", "@i") and part == "n"]
    return lemmas, hypernyms


def ancestry(offset: str, hypernyms: dict[str, list[str]], found: set[str]) -> set[str]:
    if offset not in found:
        found.add(offset)
        for parent in hypernyms[offset]:
            ancestry(parent, hypernyms, found)
    return found


def read_concepts(wnids: list[str], folder: Path) -> Concepts:
    """
    The classes `wnids` and their ancestors. A lemma stands for the first of its senses, in WordNet's order, that
    is one of them: "crane" is the bird or the machine, whichever WordNet has first.
    """
    files = unpack(fetch(folder))
    lemmas, hypernyms = synsets(files[NOUNS])
    senses = {}
    for line in files[SENSES]:
        fields = line.split()
        senses[fields[0].replace("_", " ")] = fields[-int(fields[2]) :]
    leaves = [wnid.removeprefix("n") for wnid in wnids]
    below: dict[str, list[int]] = {}
    for index, leaf in enumerate(leaves):
        for offset in ancestry(leaf, hypernyms, set()):
            below.setdefault(offset, []).append(index)
    offsets = leaves + sorted(set(below) - set(leaves))
    descendants = np.zeros((len(offsets), len(leaves)), np.float32)
    for row, offset in enumerate(offsets):
        descendants[row, below[offset]] = 1 / len(below[offset])
    words: dict[str, tuple[str, int]] = {}
    for row, offset in enumerate(offsets):
        for lemma in lemmas[offset]:
            first = next(sense for sense in senses[lemma.lower()] if sense in below)
            if first == offset:
                words.setdefault(lemma.lower(), (lemma, row))
    return Concepts(
        [lemmas[leaf] for leaf in leaves],
        descendants,
        [lemma for lemma, _ in words.values()],
        np.array([row for _, row in words.values()]),
        sorted({lemma for words in lemmas.values() for lemma in words if lemma == lemma.lower()}),
    )
