"""Captions, and the CLIP-like byte-level BPE tokenizer trained on them."""

import json
import random
from collections.abc import Iterator, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer

BOS, EOS = "<|startoftext|>", "<|endoftext|>"
MERGES = 1024  # enough for every word of a caption to be one or two tokens

PHOTOS = (
    "bad|low resolution|cropped|bright|dark|close-up|black and white|pixelated|jpeg corrupted"
    "|blurry|good"
)
THINGS = "hard to see|clean|dirty|cool|nice|weird|small|large"
WORKS = (
    "a sculpture|a rendering|graffiti|a tattoo|a drawing|a painting|a doodle|a sketch|a rendition"
    "|art|itap"
)
MATERIALS = "embroidered|plastic|origami|toy|cartoon|plushie"
DETERMINERS = "a|the|my|one|many"


def templates() -> list[str]:
    """CLIP's 80 ImageNet templates from their word lists; `{}` stands for the class name."""
    found = [f"a photo of {word} {{}}." for word in DETERMINERS.split("|")] + ["itap of my {}."]
    for article in ("a", "the"):
        found += [f"a {word} photo of {article} {{}}." for word in PHOTOS.split("|")]
        found += [f"a photo of {article} {word} {{}}." for word in THINGS.split("|")]
        found += [f"{work} of {article} {{}}." for work in WORKS.split("|")]
        found += [f"{article} {word} {{}}." for word in MATERIALS.split("|")]
        found += [f"{article} {{}} in a video game."]
    return found


TEMPLATES = templates()
NOTHING = ["background", "empty ground", "plain background", "bare floor", "empty scene"]
PIECE = ["piece of something", "cut off thing", "unclear part", "fragment"]


def caption(names: Sequence[str], rng: random.Random) -> str:
    """One caption naming everything in `names`; a third of the time CLIP's plain prompt."""
    subject = names[0] if len(names) == 1 else f"{names[0]} and a {' and a '.join(names[1:])}"
    draw = rng.random()
    if draw < 0.06:
        return subject
    if draw < 0.35:
        return f"a photo of a {subject}."
    return rng.choice(TEMPLATES).format(subject)


def corpus(names: Sequence[str]) -> Iterator[str]:
    for name in [*names, *NOTHING, *PIECE]:
        yield name
        for template in TEMPLATES:
            yield template.format(name)
    yield from (f"{name} and a {name}" for name in names)


def pipeline(model: models.Model) -> Tokenizer:
    """CLIP's pipeline: NFC, lower case, words split, bytes, end-of-word suffix."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    words = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(words), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def train_tokenizer(names: Sequence[str]) -> Tokenizer:
    """Learns merges from the captions, then lays the vocabulary out as CLIP does, so that every
    byte exists inside and at the end of a word and any text can be tokenised."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    learner = pipeline(models.BPE(end_of_word_suffix="</w>"))
    trainer = BpeTrainer(
        vocab_size=MERGES + 2 * len(alphabet),
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learner.train_from_iterator(corpus(names), trainer)
    merges = learned_merges(learner)
    tokens = [*alphabet, *(byte + "</w>" for byte in alphabet), *("".join(pair) for pair in merges)]
    vocab = {token: index for index, token in enumerate(dict.fromkeys([*tokens, BOS, EOS]))}
    tokenizer = pipeline(
        models.BPE(vocab=vocab, merges=merges, unk_token=EOS, end_of_word_suffix="</w>")
    )
    tokenizer.add_special_tokens([BOS, EOS])
    tokenizer.post_processor = processors.RobertaProcessing(
        (EOS, vocab[EOS]), (BOS, vocab[BOS]), trim_offsets=False, add_prefix_space=False
    )
    return tokenizer


def padding(tokenizer: Tokenizer) -> Tokenizer:
    """As CLIP pads: with the end token, up to the longest of the batch."""
    tokenizer.enable_padding(pad_id=tokenizer.token_to_id(EOS), pad_token=EOS)
    return tokenizer


def learned_merges(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    return [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
