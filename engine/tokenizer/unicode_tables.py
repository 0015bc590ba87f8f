#!/usr/bin/env python3
"""Writes unicode_tables.c: characters as tokenizers 0.23 sees them, asked of it.

    python3 engine/tokenizer/unicode_tables.py > engine/tokenizer/unicode_tables.c

Its parts stand on different versions of Unicode: normal forms on 9, punctuation and marks on 7, regular expressions on 16, the
rest on 17. For maintainers, when a newer tokenizers is followed; the build does not run it. Combining classes are Python's,
of the characters that tokenizers reorders.
"""
import unicodedata

from tokenizers import Regex, normalizers, pre_tokenizers

POINTS = [cp for cp in range(0x110000) if not 0xD800 <= cp <= 0xDFFF]
NFC, NFD, NFKD = normalizers.NFC(), normalizers.NFD(), normalizers.NFKD()
STAND_INS = {  # a character of the same category, length in UTF-8 and, for ideographs, script, that Unicode 14 has
    ("Lu", 3): 0x1C90, ("Lu", 4): 0x10400, ("Ll", 3): 0x1D00, ("Ll", 4): 0x10428, ("Lm", 3): 0x1D2C, ("Lm", 4): 0x16B40,
    ("Lo", 3): 0x1100, ("Lo", 4): 0x10000, ("Mn", 3): 0x1DC0, ("Mn", 4): 0x1D167, ("Mc", 3): 0x1B35, ("Mc", 4): 0x1D165,
    ("Nd", 4): 0x104A0, ("No", 4): 0x10107, ("Po", 3): 0x1BFC, ("Po", 4): 0x10100, ("So", 3): 0x2400, ("So", 4): 0x1F600,
    ("Cf", 4): 0x1D173, ("Nl", 4): 0x10140, ("Sm", 3): 0x2200, ("Sc", 3): 0x20A0, ("Pd", 4): 0x10EAD, ("Sm", 4): 0x1D6C1,
}


def spans(points):
    out = []
    for cp in points:
        if out and out[-1][1] == cp - 1:
            out[-1][1] = cp
        else:
            out.append([cp, cp])
    return out


def rows(kind, name, cells, per_line, suffix=""):
    print(f"const struct {kind} {name}[] = {{")
    for i in range(0, len(cells), per_line):
        print("    " + " ".join(c + "," for c in cells[i:i + per_line]))
    print(f"}};\nconst size_t {name}_n = sizeof {name} / sizeof *{name};\n")


def span_rows(name, points):
    rows("uni_span", name, [f"{{{a:#x}, {b:#x}}}" for a, b in spans(points)], 6)


def cuts(tokenizer):
    return [cp for cp in POINTS if len(tokenizer.pre_tokenize_str("a" + chr(cp))) > 1]


def combining():
    """Python's class, where tokenizers has one: it moves behind a mark of class 1, or before one of class 240."""
    out = []
    for cp in POINTS:
        c, ccc = chr(cp), unicodedata.combining(chr(cp))
        if ccc and ccc != 1 and NFD.normalize_str("a" + c + "\u0334") == "a\u0334" + NFD.normalize_str(c):
            out.append((cp, ccc))
        elif ccc == 1 and NFD.normalize_str("a\u0345" + c) == "a" + c + "\u0345":
            out.append((cp, ccc))
    return out


def class_rows(pairs):
    runs = []
    for cp, ccc in pairs:
        if runs and runs[-1][1] == cp - 1 and runs[-1][2] == ccc:
            runs[-1][1] = cp
        else:
            runs.append([cp, cp, ccc])
    rows("uni_class", "uni_classes", [f"{{{a:#x}, {b:#x}, {c}}}" for a, b, c in runs], 5)


def decompositions(canonical, compatible):
    pool, tables = [], []
    for table in canonical, compatible:
        cells = []
        for cp, to in sorted(table.items()):
            cells.append(f"{{{cp:#x}, {len(pool)}, {len(to)}}}")
            pool.extend(to)
        tables.append(cells)
    rows("uni_form", "uni_canonical", tables[0], 6)
    rows("uni_form", "uni_compatible", tables[1], 6)
    print("const int32_t uni_pool[] = {")
    for i in range(0, len(pool), 14):
        print("    " + " ".join(f"{c:#x}," for c in pool[i:i + 14]))
    print("};\n")


def pairs(canonical):
    """What two characters compose to."""
    out = []
    for cp, to in canonical.items():
        last = chr(to[-1])
        first = NFC.normalize_str("".join(chr(c) for c in to[:-1]))
        if len(first) == 1 and NFC.normalize_str(first + last) == chr(cp):
            out.append((ord(first), to[-1], cp))
    rows("uni_pair", "uni_pairs", [f"{{{a:#x}, {b:#x}, {c:#x}}}" for a, b, c in sorted(out)], 4)


def stand_ins():
    names = sorted({c for c, _ in STAND_INS})
    out, done = [], set()
    for name in names:
        is_name = pre_tokenizers.Split(Regex(r"\p{" + name + "}"), "removed")
        for cp in POINTS:
            if cp not in done and not is_name.pre_tokenize_str(chr(cp)) and unicodedata.category(chr(cp)) != name:
                done.add(cp)
                ideograph = 0x2B739 <= cp <= 0x323AF
                out.append((cp, 0x20000 if ideograph else STAND_INS[name, len(chr(cp).encode())]))
    out.append((0x180E, 0x2060))  # no white space since Unicode 6.3, but PCRE2's
    runs = []
    for cp, to in sorted(out):
        if runs and runs[-1][1] == cp - 1 and runs[-1][2] == to:
            runs[-1][1] = cp
        else:
            runs.append([cp, cp, to])
    rows("uni_class", "uni_stand_ins", [f"{{{a:#x}, {b:#x}, {c:#x}}}" for a, b, c in runs], 5)


def main():
    print("/* unicode_tables.c - written by unicode_tables.py from tokenizers 0.23.3: do not edit. */\n"
          '#include "unicode.h"\n')
    span_rows("uni_punctuation", cuts(pre_tokenizers.Punctuation()))
    span_rows("uni_numeric", cuts(pre_tokenizers.Digits(individual_digits=True)))
    space = pre_tokenizers.WhitespaceSplit()
    whitespace = pre_tokenizers.Whitespace()
    span_rows("uni_word", [cp for cp in POINTS if space.pre_tokenize_str(chr(cp))
                           and len(whitespace.pre_tokenize_str("a" + chr(cp))) == 1])
    accents = normalizers.StripAccents()
    span_rows("uni_accents", [cp for cp in POINTS if not accents.normalize_str(chr(cp))])
    lower = normalizers.Lowercase()
    rows("uni_class", "uni_lower_more", [f"{{{cp:#x}, {cp:#x}, {ord(lower.normalize_str(chr(cp))):#x}}}" for cp in POINTS
                                         if lower.normalize_str(chr(cp)) != chr(cp).lower()], 5)
    class_rows(combining())
    hangul = range(0xAC00, 0xD7A4)
    canonical, compatible = {}, {}
    for cp in POINTS:
        if cp in hangul:
            continue
        d, k = NFD.normalize_str(chr(cp)), NFKD.normalize_str(chr(cp))
        if d != chr(cp):
            canonical[cp] = [ord(c) for c in d]
        if k != d:
            compatible[cp] = [ord(c) for c in k]
    pairs(canonical)
    decompositions(canonical, compatible)
    stand_ins()


main()
