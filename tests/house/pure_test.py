"""What decides is pure: the planner's object files refer to no MPI, clock, file, environment, random source or thread.

`pure_test.py ROOT NM OBJECT...` reads the undefined symbols of each object file. Includes are judged by includes_test.py;
this test also finds what comes in through an inline function of another layer.
"""
import re
import subprocess
import sys

import house

IMPURE = re.compile(
    r"P?MPI_\w+|ompi_mpi_\w+|clock_gettime|clock|time|gettimeofday|std::chrono::.*"
    r"|f?open(64|at)?|f?read|f?write|stat|std::filesystem::.*|std::basic_(i|o)?f(ile)?(stream|buf).*"
    r"|(secure_)?getenv|s?rand(om)?|std::random_device::.*|pthread_\w+|std::thread::.*|std::condition_variable::.*"
    r"|cuda\w+|cu[A-Z]\w+|H5\w+")


def symbols(nm_output):
    """Names of undefined symbols, without their arguments and versions."""
    found = re.findall(r"^\s*[Uw] (.+)$", nm_output, re.M)
    return [re.sub(r"\(.*|@.*", "", name) for name in found]


def check(objects):
    """`objects`: (name, output of nm -u -C) of each."""
    return [f"{name} refers to {symbol}" for name, output in objects for symbol in symbols(output)
            if IMPURE.fullmatch(symbol)]


def self_test():
    good = "                 U std::__throw_length_error(char const*)\n U pliant::time_of(int)\n w __cxa_finalize\n U exp@GLIBC_2\n"
    house.expect(check([("a.o", good)]) == [], "pure symbols pass")
    for name in ("MPI_Wtime", "PMPI_Send", "clock_gettime@GLIBC_2.17", "std::chrono::_V2::steady_clock::now()", "getenv",
                 "std::basic_ifstream<char>::basic_ifstream(char const*)", "fopen64", "cudaMalloc", "pthread_create"):
        house.expect(len(check([("a.o", f"{good}                 U {name}\n")])) == 1, f"{name} is reported")


self_test()
nm, files = sys.argv[2], sys.argv[3:]
house.expect(files, "there are object files")
house.report(check([(file, subprocess.run([nm, "-u", "-C", file], capture_output=True, text=True, check=True).stdout)
                    for file in files]))
