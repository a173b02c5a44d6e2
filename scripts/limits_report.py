"""How near an allreduce came to what its network allows: bounds, and the table of scripts/limits.

Bounds count messages alone, no computing; alpha [s] and beta [s/byte] are what Pliant measured in the same run, or
those of the emulated link as it was set. The first is what Pliant can know; a short probe on a long fat link may take
beta for more than it is, and then an allreduce can beat the bound, but never that of the link itself.
"""
import dataclasses
import math
import statistics

VALUE_BITS = 32
TCP_SHARE = 0.941  # of a link's rate that TCP's data can get: docs/guide/netlab.md
UNITS = {"kbit": 1e3, "mbit": 1e6, "gbit": 1e9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "": 1.0}
LEADER_FAMILIES = ("star_", "quota_", "var_")
BOUND_HEADINGS = {"dense": "bound [ms]", "leader": "leader bound [ms]", "allgather": "allgather bound [ms]"}
NOTHING = "-"


@dataclasses.dataclass(frozen=True)
class LinkModel:
    """A message of m bytes takes alpha_s + m x beta_s_per_byte."""

    alpha_s: float
    beta_s_per_byte: float


@dataclasses.dataclass(frozen=True)
class Row:
    """One run: one link and one size.

    truth: the link as set; None for shared memory, which has no link
    found: pliant_bench's JSON; None if it failed, and `failure` then says why
    """

    link: str
    size: str
    truth: LinkModel | None
    found: dict | None = None
    failure: str = ""


def quantity(text):
    """"100mbit" -> 1e8 [bit/s], "1ms" -> 1e-3 [s]."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    return float(digits) * UNITS[text[len(digits):]]


def link_as_set(rate, delay):
    """The model of a link of pliant_netlab."""
    return LinkModel(quantity(delay), 8 / (TCP_SHARE * quantity(rate)))


def rounds(ranks):
    """Least number of rounds until every rank has data of every other: ceil(log2 P)."""
    return (ranks - 1).bit_length()


def dense_bound_s(ranks, size_bytes, link):
    """[s] 2 (P-1)/P bytes through each rank's link, in 2 log2 P rounds."""
    return 2 * (ranks - 1) / ranks * size_bytes * link.beta_s_per_byte + 2 * rounds(ranks) * link.alpha_s


def leader_bound_s(ranks, kept, index_bits, link):
    """[s] k indices to every rank, then a dense allreduce of k values: 4 log2 P rounds."""
    bits = index_bits + 2 * (ranks - 1) / ranks * VALUE_BITS
    return kept * bits / 8 * link.beta_s_per_byte + 4 * rounds(ranks) * link.alpha_s


def allgather_bound_s(ranks, kept, index_bits, link):
    """[s] k indices and values of every other rank, in log2 P rounds."""
    return (ranks - 1) * kept * (index_bits + VALUE_BITS) / 8 * link.beta_s_per_byte + rounds(ranks) * link.alpha_s


def entropy_bits(count, kept):
    """[bit] per index, if all sets of `kept` of `count` are equally likely: log2 C(count, kept) / kept."""
    nats = math.lgamma(count + 1) - math.lgamma(kept + 1) - math.lgamma(count - kept + 1)
    return max(0.0, nats / math.log(2) / kept)


def kept_of(result):
    return max(1, round(result["density"] * result["count"]))


def index_bits_of(result, index_bits):
    return entropy_bits(result["count"], kept_of(result)) if index_bits is None else index_bits


def bound_of(result, ranks, link, index_bits=None):
    """(kind, seconds) for the algorithm that ran. None for a lossy one with unknown bound.

    index_bits: [bit] of an index on the wire; None: its entropy
    """
    if result["exact"]:
        return "dense", dense_bound_s(ranks, result["size"], link)
    bits = index_bits_of(result, index_bits)
    if result["algorithm"] == "allgather_topk":
        return "allgather", allgather_bound_s(ranks, kept_of(result), bits, link)
    if result["algorithm"].startswith(LEADER_FAMILIES):
        return "leader", leader_bound_s(ranks, kept_of(result), bits, link)
    return None


def link_model_of(found):
    """Medians over the configurations, each of which measured for itself. None if none did."""
    pairs = [(each["alpha_us"], each["beta_ns_per_byte"]) for each in found["results"]
             if each.get("alpha_us") is not None and each.get("beta_ns_per_byte") is not None]
    if not pairs:
        return None
    alphas_us, betas_ns = zip(*pairs)
    return LinkModel(statistics.median(alphas_us) * 1e-6, statistics.median(betas_ns) * 1e-9)


def ratio(above, below):
    return NOTHING if above is None or not below else f"{above / below:.2f}"


def number(value):
    return NOTHING if value is None else f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def bounds_of(row, link, index_bits):
    """requested -> (kind, seconds) for the results of a run; nothing without a link."""
    if row.truth is None or link is None:
        return {}
    bounds = {each["requested"]: bound_of(each, row.found["ranks"], link, index_bits) for each in row.found["results"]}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def measured_bounds(row, index_bits):
    return bounds_of(row, link_model_of(row.found), index_bits)


def cell(result, bounds, baseline_us):
    """A cell as note_lines() explains it; in brackets the algorithm, if Pliant chose it. bounds: [measured, as set]"""
    median_us = result["time_us"]["median"]
    texts = [ratio(median_us * 1e-6, bound and bound[1]) for bound in bounds]
    if bounds[0] is not None and result.get("compress_us"):
        texts[0] += f" - {ratio(result['compress_us'] * 1e-6, bounds[0][1])}"
    text = " · ".join((*texts,
                       ratio(result["predicted_us"], median_us), ratio(baseline_us, median_us)))
    chosen = result["algorithm"] != result["requested"]
    return f"{text} ({result['algorithm']})" if chosen else text


def row_cells(row, names, kinds, index_bits):
    blank = [""] * (len(kinds) + len(names) + 2)
    if row.found is None:
        return [row.link, row.size, "failed", *blank]
    link = link_model_of(row.found)
    results = {each["requested"]: each for each in row.found["results"]}
    bounds = measured_bounds(row, index_bits)
    as_set = bounds_of(row, row.truth, index_bits)
    seconds = dict(bounds.values())
    baseline_us = results["MPI_Allreduce"]["time_us"]["median"] if "MPI_Allreduce" in results else None
    return [row.link, row.size, number(link and link.alpha_s * 1e6), number(link and link.beta_s_per_byte * 1e9),
            *(number(seconds[kind] * 1e3) if kind in seconds else "" for kind in kinds),
            number(baseline_us and baseline_us * 1e-3),
            *(cell(results[name], (bounds.get(name), as_set.get(name)), baseline_us) if name in results else ""
              for name in names)]


def in_order_of_appearance(items):
    return list(dict.fromkeys(items))


def table_lines(rows, index_bits=None):
    """Markdown with one row per run, including failed ones. The runs determine the columns."""
    done = [row for row in rows if row.found is not None]
    names = in_order_of_appearance(each["requested"] for row in done for each in row.found["results"])
    kinds = [kind for kind in BOUND_HEADINGS
             if any(kind == found for row in done for found, _ in measured_bounds(row, index_bits).values())]
    headings = ["link", "size", "alpha [us]", "beta [ns/B]", *(BOUND_HEADINGS[kind] for kind in kinds), "MPI [ms]",
                *names]
    yield f"| {' | '.join(headings)} |"
    yield f"|---|{'--:|' * (len(headings) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row_cells(row, names, kinds, index_bits))} |"


def note_lines(rows, index_bits=None):
    """Explains the cells and their bounds, and lists why runs failed."""
    yield ("Cells: measured / bound, measured / the same bound of the link as it was set, predicted / measured, "
           "MPI_Allreduce's median / this one's (above 1 is faster than MPI); in brackets what was chosen. Times are "
           "medians over iterations of the slowest rank's. alpha and beta, of which the bound is made: medians of what "
           "each configuration measured in that run. A measured / bound below 1 says that they were measured too high. "
           f"As set: alpha = delay, beta = 8 / ({TCP_SHARE} rate), TCP's share.")
    kinds = {kind for row in rows if row.found for kind, _ in measured_bounds(row, index_bits).values()}
    if "dense" in kinds:
        yield "Bound: 2 (P-1)/P bytes beta + 2 log2 P alpha (log2 rounded up)."
    bits = sorted({f"{index_bits_of(each, index_bits):.2f}" for row in rows if row.found
                   for each in row.found["results"] if not each["exact"]})
    source = "log2 C(count, k) / k: what a random set of this density needs" if index_bits is None else "as given"
    if kinds & {"leader", "allgather"}:
        yield ("Behind the minus: of measured / bound, what the slowest rank's selecting, coding, gathering and "
               "scattering took in the last iteration, waiting for a core included; the bounds know nothing of it.")
    if "leader" in kinds:
        yield f"Leader bound: k beta (i + 2 (P-1)/P v) / 8 + 4 log2 P alpha; v = {VALUE_BITS} bits."
    if "allgather" in kinds:
        yield f"Allgather bound: (P-1) k beta (i + v) / 8 + log2 P alpha; v = {VALUE_BITS} bits."
    if kinds & {"leader", "allgather"}:
        yield f"i, the bits of an index, = {', '.join(bits)} ({source})."
    for row in rows:
        if row.found is None:
            yield f"Failed: {row.link}, {row.size}: {row.failure}"
