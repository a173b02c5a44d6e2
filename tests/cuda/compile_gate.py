"""What nvcc makes of the kernels, held to what they were designed for; nothing of it needs a GPU.

  compile_gate.py BUILD               the build folder of a configured Pliant; prints a table, one line a kernel
  compile_gate.py BUILD --markdown    the table of docs/results/2026-11-23-gpu-kernels.md
  compile_gate.py --self-test         only what is tried before any of these: that each check can fail

Compiles src/kernels/cuda/launch.cu for each architecture with the library's own flags (compile_commands.json), and
reads what ptxas says and what stands in the PTX. Fails on: a kernel of kernel_functions.cuh that is missing; spills, or
a stack; more shared memory than any block may have; a streaming kernel of which a multiprocessor holds fewer than four
blocks, or that does not load and store 16 bytes at a time in global memory; any operation on floats that may be fused.
Then links the CUDA runtime and NCCL, and prints their versions. Status 1 if a check failed.
"""
import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ARCHITECTURES = ("80", "90", "100")
STREAMING = ("stream_kernel", "stream_counting_kernel")
SHARED_BYTES = 48 << 10  # a block's, on every architecture, unless asked for more
STREAM_REGISTERS = 64  # of 65536 on a multiprocessor: four blocks of 256 threads
QUADS = 4  # a thread's in stream.cuh: as many loads of the residual, as many of the gradient, as many stores

# The report of ptxas about one kernel.
ENTRY = re.compile(r"Compiling entry function '(?P<name>\S+)'.*?"
                   r"(?P<stack>\d+) bytes stack frame, (?P<stores>\d+) bytes spill stores, "
                   r"(?P<loads>\d+) bytes spill loads\n[^\n]*Used (?P<registers>\d+) registers(?P<rest>[^\n]*)", re.DOTALL)
SHARED = re.compile(r"(\d+) bytes smem")
PTX_ENTRY = re.compile(r"\.entry\s+(\w+)\s*\(")
# Accesses of 16 bytes in global memory. Generic addresses, and accesses to four single bytes, do not match.
WIDE = r"\.global(?:\.[\w:]+)*\.(?:v4\.[bfsu]32|v2\.[bfsu]64)\b"
WIDE_LOAD = re.compile(r"\bld(?:\.[\w:]+)*?" + WIDE)
WIDE_STORE = re.compile(r"\bst(?:\.[\w:]+)*?" + WIDE)
# fma and mad are fused. Without a rounding mode, the assembler may fuse mul and add.
FUSED = re.compile(r"\b(?:(?:fma|mad)(?:\.\w+)*|(?:mul|add|sub)(?:\.(?:ftz|sat))*)\.f(?:32|64)(?:x2)?\b")


# ---- Reading ----


def demangled(text):
    return subprocess.run(["c++filt"], input=text, capture_output=True, text=True, check=True).stdout


def short_names(mangled):
    """Mangled name -> name in kernel_functions.cuh: stream_kernel."""
    named = {}
    for name, line in zip(mangled, demangled("\n".join(mangled)).splitlines()):
        named[name] = re.search(r"(\w+)\([^()]*\)$", line)[1] if line.endswith(")") else line
    return named


def read_ptxas(text):
    """{kernel: {registers, shared, stack, stores, loads}}"""
    found = list(ENTRY.finditer(text))
    names = short_names([match["name"] for match in found])
    report = {}
    for match in found:
        shared = SHARED.search(match["rest"])
        report[names[match["name"]]] = {"shared": int(shared[1]) if shared else 0,
                                        **{key: int(match[key]) for key in ("registers", "stack", "stores", "loads")}}
    return report


def read_ptx(text):
    """{kernel: its PTX}"""
    found = list(PTX_ENTRY.finditer(text))
    names = short_names([match[1] for match in found])
    ends = [match.start() for match in found[1:]] + [len(text)]
    return {names[match[1]]: text[match.end():end] for match, end in zip(found, ends)}


def listed_kernels(text):
    """The names in kernel_functions.cuh's for_each_kernel()."""
    return re.findall(r"visit\(Kernel::\w+, (\w+)\)", text)


# ---- Checking ----


def check_ptxas(report, listed):
    problems = [f"{name}: not compiled, but in kernel_functions.cuh" for name in listed if name not in report]
    problems += [f"{name}: compiled, but not in kernel_functions.cuh" for name in report if name not in listed]
    for name, used in report.items():
        if used["stores"] or used["loads"]:
            problems.append(f"{name}: spills registers, {used['stores']} bytes stored and {used['loads']} loaded")
        if used["stack"]:
            problems.append(f"{name}: a stack of {used['stack']} bytes")
        if used["shared"] > SHARED_BYTES:
            problems.append(f"{name}: {used['shared']} bytes of shared memory (at most {SHARED_BYTES})")
        if name in STREAMING and used["registers"] > STREAM_REGISTERS:
            problems.append(f"{name}: {used['registers']} registers (at most {STREAM_REGISTERS}, for four blocks)")
    return problems


def check_ptx(bodies):
    problems = []
    for name in STREAMING:
        loads = len(WIDE_LOAD.findall(bodies.get(name, "")))
        stores = len(WIDE_STORE.findall(bodies.get(name, "")))
        if loads < 2 * QUADS or stores < QUADS:
            problems.append(f"{name}: {loads} loads and {stores} stores of 16 bytes of global memory in its PTX "
                            f"(at least {2 * QUADS} and {QUADS})")
    for name, body in bodies.items():
        fused = FUSED.search(body)
        if fused:
            problems.append(f"{name}: {fused[0]} in its PTX (floats are added and multiplied apart, and rounded)")
    return problems


# ---- Compiling ----


def library_command(build):
    """[nvcc, flags...] of the library's launch.cu, without architectures, input and output."""
    entries = json.loads((build / "compile_commands.json").read_text())
    entry = next(entry for entry in entries if entry["file"].endswith("src/kernels/cuda/launch.cu"))
    words = shlex.split(entry["command"])
    compiler = next(number for number, word in enumerate(words) if word.endswith("nvcc"))
    kept = [words[compiler]]
    after = iter(words[compiler + 1:])
    for word in after:
        if word in ("-o", "-x", "-MT", "-MF", "-gencode"):
            next(after)
        elif word not in ("-c", "-MD", entry["file"]) and not word.startswith("--generate-code"):
            kept.append(word)
    return kept, pathlib.Path(entry["file"])


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}failed with status {done.returncode}")
    return done.stdout + done.stderr


def compile_for(architecture, command, source):
    """The output of ptxas, and the PTX."""
    with tempfile.TemporaryDirectory() as folder:
        kept = [*command, f"-arch=sm_{architecture}", "-Xptxas", "-v", "--keep", "--keep-dir", folder, "-cubin", "-o",
                "kernels.cubin", str(source)]
        said = run(kept, folder)
        ptx = "".join(path.read_text() for path in pathlib.Path(folder).glob("*.ptx"))
    return said, ptx


VERSIONS = """#include <cuda_runtime_api.h>
#include <cstdio>
{include}
int main() {{
  int runtime = 0, nccl = 0;
  if (cudaRuntimeGetVersion(&runtime) != cudaSuccess) return 1;
  std::printf("linked with CUDA runtime %d.%d", runtime / 1000, runtime % 1000 / 10);
  {call}
  if (nccl > 0) std::printf(", NCCL %d.%d.%d", nccl / 10000, nccl / 100 % 100, nccl % 100);
  std::puts("");
}}
"""


def cached(build, name):
    """A variable of CMake's cache; None if it was not found."""
    match = re.search(rf"^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE)
    return None if match is None or match[1].endswith("-NOTFOUND") else match[1]


def linked_versions(build, compiler):
    """Links a program with the CUDA runtime and, if the library uses it, NCCL. Returns its output."""
    nccl = cached(build, "PLIANT_NCCL_LIBRARY")
    text = VERSIONS.format(include="#include <nccl.h>" if nccl else "",
                           call="if (ncclGetVersion(&nccl) != ncclSuccess) return 1;" if nccl else "")
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "versions.cpp"
        source.write_text(text)
        link = [compiler, "-cudart", "shared", "-o", "versions", str(source)]
        libraries = [cached(build, "CUDA_cudart_LIBRARY"), nccl]
        if nccl:
            link += [f"-I{cached(build, 'PLIANT_NCCL_INCLUDE')}", nccl]
        for library in filter(None, libraries):
            link += ["-Xlinker", f"-rpath={pathlib.Path(library).parent}"]
        run(link, folder)
        return run(["./versions"], folder).strip() + ("" if nccl else "; there is no NCCL")


# ---- Telling ----


def rows(reports, listed):
    """[[kernel, registers and bytes of shared memory of each architecture...]]"""
    return [[name.removesuffix("_kernel")] + [f"{report[name]['registers']} / {report[name]['shared']}" if name in report else "-"
                             for report in reports.values()] for name in listed]


def print_table(cells, markdown):
    head = ["kernel"] + [f"sm_{architecture}" for architecture in ARCHITECTURES]
    if markdown:
        lines = [head, ["---"] + ["--:"] * len(ARCHITECTURES), *cells]
        print("\n".join("| " + " | ".join(line) + " |" for line in lines))
        return
    print("registers of a thread / bytes of shared memory of a block")
    for line in [head, *cells]:
        print(f"  {line[0]:<22}" + "".join(f"{cell:>16}" for cell in line[1:]))


# ---- That each check can fail ----

SAID = """ptxas info    : Compiling entry function '_ZN6pliant4cuda13stream_kernelENS0_15SelectArgumentsE' for 'sm_80'
ptxas info    : Function properties for _ZN6pliant4cuda13stream_kernelENS0_15SelectArgumentsE
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 64 registers, used 1 barriers, 16596 bytes smem, 488 bytes cmem[0]
ptxas info    : Compiling entry function '_ZN6pliant4cuda12drain_kernelENS0_13FeedArgumentsE' for 'sm_80'
ptxas info    : Function properties for _ZN6pliant4cuda12drain_kernelENS0_13FeedArgumentsE
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 26 registers, used 0 barriers, 376 bytes cmem[0]
"""
STREAM_PTX = (".entry _ZN6pliant4cuda13stream_kernelENS0_15SelectArgumentsE(\n)\n{\n"
              + "ld.global.nc.L1::no_allocate.v4.f32 {%f1}, [%rd1];\n" * 8 + "st.global.v4.f32 [%rd1], {%f1};\n" * 4
              + "add.rn.f32 %f1, %f2, %f3;\nfma.u32 %r1;\nmad.lo.s32 %r1;\n}\n")
BOTH_PTX = STREAM_PTX + STREAM_PTX.replace("13stream_kernel", "22stream_counting_kernel")


def expect(condition, what):
    if not condition:
        sys.exit(f"self-test failed: {what}")


def self_test():
    listed = listed_kernels("visit(Kernel::stream, stream_kernel);\nvisit(Kernel::take, take_kernel);\n")
    expect(listed == ["stream_kernel", "take_kernel"], str(listed))
    kernels = ["stream_kernel", "drain_kernel"]
    expect(list(read_ptxas(SAID)) == kernels, f"kernels are read: {list(read_ptxas(SAID))}")
    expect(read_ptxas(SAID)["stream_kernel"]["shared"] == 16596, "shared memory is read")
    expect(check_ptxas(read_ptxas(SAID), kernels) == [], "good kernels pass")
    for old, new in (("0 bytes spill stores", "8 bytes spill stores"), ("0 bytes spill loads", "4 bytes spill loads"),
                     ("0 bytes stack", "16 bytes stack"), ("16596 bytes smem", "49153 bytes smem"),
                     ("Used 64", "Used 65"), ("13stream_kernel", "13strean_kernel")):
        found = check_ptxas(read_ptxas(SAID.replace(old, new, 1 if old[0] == "0" else -1)), kernels)
        expect(found, f"'{new}' is reported")
    expect(check_ptxas(read_ptxas(SAID), listed), "a missing kernel is reported")
    expect(check_ptxas({}, kernels), "no kernels are reported")
    expect(check_ptx(read_ptx(BOTH_PTX)) == [], f"good PTX passes: {check_ptx(read_ptx(BOTH_PTX))}")
    for old, new in (("ld.global.nc.L1::no_allocate.v4", "ld.v4"), ("st.global.v4.f32", "st.v4.f32"),
                     ("ld.global.nc.L1::no_allocate.v4.f32", "ld.global.v4.u8"), ("st.global.v4", "st.shared.v4"),
                     ("add.rn.f32", "fma.rn.f32"), ("add.rn.f32", "fma.rn.f64"), ("add.rn.f32", "add.f32"),
                     ("add.rn.f32", "mul.ftz.f32"), ("22stream_counting", "22stream_cuonting")):
        expect(check_ptx(read_ptx(BOTH_PTX.replace(old, new))), f"'{new}' for '{old}' is reported")


def gate(build, markdown):
    command, source = library_command(build)
    listed = listed_kernels((source.parent / "kernel_functions.cuh").read_text())
    reports, problems = {}, []
    for architecture in ARCHITECTURES:
        said, ptx = compile_for(architecture, command, source)
        reports[architecture] = read_ptxas(said)
        found = check_ptxas(reports[architecture], listed) + check_ptx(read_ptx(ptx))
        problems += [f"sm_{architecture}: {problem}" for problem in found]
    print_table(rows(reports, listed), markdown)
    if not markdown:
        print(linked_versions(build, command[0]))
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return 1 if problems else 0


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("build", type=pathlib.Path, nargs="?", help="a configured build folder")
    options.add_argument("--markdown", action="store_true",
                         help="print the table of docs/results/2026-11-23-gpu-kernels.md")
    options.add_argument("--self-test", action="store_true", help="do not compile anything")
    given = options.parse_args()
    self_test()
    if given.self_test:
        return 0
    if given.build is None:
        options.error("no build folder. Name one")
    return gate(given.build.resolve(), given.markdown)


if __name__ == "__main__":
    sys.exit(main())
