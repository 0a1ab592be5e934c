"""Makes inter-*.ttf and inter.json of npm inter-ui 4.1.1: python subset.py FOLDER (fonttools 4.61.1, brotli 1.2.1)."""
import base64, json, sys
from fontTools import subset
from fontTools.ttLib import TTFont
LETTERS = (*range(0x20, 0x7F), *range(0xA0, 0x100), *map(ord, "ΔβγεμπστΣ–—‘’“”…←↑→↓−≈≤≥²³"))
font = {}
for weight, name in ((400, "Regular"), (600, "SemiBold")):
    file = TTFont(f"{sys.argv[1]}/web/Inter-{name}.woff2")
    options = subset.Options(layout_features=["tnum"], hinting=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=LETTERS)
    subsetter.subset(file)
    file["name"].names = [n for n in file["name"].names if n.nameID in (0, 13, 14)]
    for id, text in ((1, "Inter" if weight == 400 else f"Inter {name}"), (2, "Regular"), (4, f"Inter {name}"),
                     (6, f"Inter-{name}"), (16, "Inter"), (17, name)):
        file["name"].setName(text, id, 3, 1, 0x409)
    file.flavor = None
    file.save(f"inter-{weight}.ttf")
    file.flavor = "woff2"
    file.save("/tmp/subset.woff2")
    widths = {chr(code): round(1000 * file["hmtx"][glyph][0] / file["head"].unitsPerEm)
              for code, glyph in file.getBestCmap().items()}
    font[weight] = {"woff2": base64.b64encode(open("/tmp/subset.woff2", "rb").read()).decode(), "widths": widths}
json.dump(font, open("inter.json", "w"), ensure_ascii=False, indent=2)
