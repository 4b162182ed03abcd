"""LaTeX in a BibTeX value into plain Unicode: accents, escapes, symbols; braces and formatting go."""

from __future__ import annotations

import re
import unicodedata

# the sign of the accent → the combining character of Unicode
_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328",
    "b": "\u0331",
}  # fmt: skip
_SYMBOLS = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å",
    "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "ng": "ŋ",
    "textendash": "–", "textemdash": "—", "textquoteright": "’", "textquoteleft": "‘", "textquotedblleft": "“",
    "textquotedblright": "”", "textregistered": "®", "texttrademark": "™", "textcopyright": "©", "copyright": "©",
    "textdegree": "°", "textmu": "µ", "textpm": "±", "textperiodcentered": "·", "textbullet": "•", "textellipsis": "…",
    "ldots": "…", "dots": "…", "S": "§", "P": "¶", "pounds": "£", "texteuro": "€", "euro": "€", "textless": "<",
    "textgreater": ">", "textbackslash": "\\", "textasciitilde": "~", "textunderscore": "_", "textbar": "|",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "pm": "±", "times": "×", "cdot": "·",
    "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "approx": "≈", "sim": "∼", "infty": "∞",
    # kept apart from the braces that only group, see _KEPT
    "textbraceleft": "\ue000", "textbraceright": "\ue001", "lbrace": "\ue000", "rbrace": "\ue001",
    "rightarrow": "→", "leftarrow": "←", "circ": "°", "prime": "′", "div": "÷", "minus": "−",
}  # fmt: skip
# commands that only say how their words look
_LOOKS = frozenset(
    """
    textit textbf textsc textrm textsf texttt textsl textup textmd emph mathrm mathit mathbf mathsf mbox text
    textsuperscript textsubscript underline url it bf em rm sc tt sf sl small large normalfont protect ensuremath
    """.split()  # noqa: SIM905 - commands, as one reads them
)
_LETTER = r"(?:\{\s*(\\[ij](?![A-Za-z])|[^\W\d_])\s*\}|(\\[ij](?![A-Za-z])|[^\W\d_]))"
_SIGN_ACCENT = re.compile(r"\\([`'^~=.\"])\s*" + _LETTER)
_NAMED_ACCENT = re.compile(r"\\([uvHcdbkr])(?:\s+(?=[^\s{])|\s*(?=\{)|(?=\\))" + _LETTER)
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?(?:\s*\{\}|[ \t]+|)")
_ESCAPE = re.compile(r"\\([&%$#_{}@,;:/ ~\\-])")
_KEPT = {"{": "\ue000", "}": "\ue001", "$": "\ue002", "~": "\ue003"}
_BACK = str.maketrans({sign: text for text, sign in _KEPT.items()})


def plain_text(value: str) -> str:
    """*value* as a person reads it: `{M{\\"u}ller} \\& S{\\o}n` → `Müller & Søn`; unknown commands stay as they are."""
    text = value
    if "\\" in text:
        text = _SIGN_ACCENT.sub(_accented, text)
        text = _NAMED_ACCENT.sub(_accented, text)
        text = _ESCAPE.sub(_escaped, text)
        text = _COMMAND.sub(_command, text)
    if "$" in text:
        text = re.sub(r"\$([^$\n]{0,80})\$", lambda found: re.sub(r"[\^_](?=\{|\w)", "", found.group(1)), text)
    text = re.sub(r"(?<=[\w.,}])~(?=[\w{\\])", " ", text)
    text = text.replace("{", "").replace("}", "").translate(_BACK)
    return re.sub(r"\s+", " ", text).strip()


def _accented(found: re.Match[str]) -> str:
    letter = (found.group(2) or found.group(3)).lstrip("\\")
    return unicodedata.normalize("NFC", letter + _ACCENTS[found.group(1)])


def _escaped(found: re.Match[str]) -> str:
    sign = found.group(1)
    if sign in ",;:/ ":
        return "" if sign == "/" else " "
    if sign == "-":
        return ""
    return _KEPT.get(sign, " " if sign == "\\" else sign)


def _command(found: re.Match[str]) -> str:
    name = found.group(1)
    if name in _SYMBOLS:
        return _SYMBOLS[name]
    return "" if name in _LOOKS else found.group(0)
