// Actions of a program around MPI_Finalize, one per run: finalize_program CASE. Exit status 0 on success.
#include <mpi.h>
#include <pliant/pliant.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "not so: %s\n", what);
}

constexpr int kCount = 1000;
std::vector<float> values(kCount);
Pliant_Request request = PLIANT_REQUEST_NULL;

void make_request(MPI_Comm comm) {
  expect(Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), kCount, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                               &request) == MPI_SUCCESS,
         "a request is made");
}

void run_request() {
  expect(Pliant_Start(request) == MPI_SUCCESS && Pliant_Wait(request) == MPI_SUCCESS, "a request runs");
}

float sum_of_ones(MPI_Comm comm) {
  float one = 1;
  expect(Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_FLOAT, MPI_SUM, comm) == MPI_SUCCESS, "a call is made");
  return one;
}

/// Called by MPI_Finalize. If set before Pliant's first call, it runs after Pliant has ended.
int at_finalize(MPI_Comm, int, void*, void*) {
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  expect(sum_of_ones(MPI_COMM_WORLD) == static_cast<float>(ranks), "MPI reduces what Pliant no longer does");
  if (request != PLIANT_REQUEST_NULL) {
    expect(Pliant_Start(request) != MPI_SUCCESS, "a request whose communicator has ended is refused");
    expect(Pliant_Comm_probe(MPI_COMM_WORLD) != MPI_SUCCESS, "so is a probe");
    expect(Pliant_Request_free(&request) == MPI_SUCCESS, "but it can be freed");
  }
  return MPI_SUCCESS;
}

void set_callback() {
  int keyval = MPI_KEYVAL_INVALID;
  MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, at_finalize, &keyval, nullptr);
  MPI_Comm_set_attr(MPI_COMM_SELF, keyval, nullptr);
}

void in_callback() {
  set_callback();
  sum_of_ones(MPI_COMM_WORLD);
}

void request_in_callback() {
  set_callback();
  make_request(MPI_COMM_WORLD);
  run_request();
}

void live_request() {
  make_request(MPI_COMM_WORLD);
  run_request();
}

/// The request is never completed. This error of the program must not delay the other ranks.
void active_request() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  make_request(MPI_COMM_WORLD);
  if (rank == 0) Pliant_Start(request);
}

/// Threads make the first calls on their communicators in a different order on each rank.
void other_orders() {
  constexpr int kComms = 6;
  std::array<MPI_Comm, kComms> comms{};
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (MPI_Comm& comm : comms) MPI_Comm_dup(MPI_COMM_WORLD, &comm);
  std::vector<std::thread> threads;
  for (int i = 0; i < kComms; ++i)
    threads.emplace_back([&, i] {
      const int place = rank % 2 == 0 ? i : kComms - i;
      for (int yields = 0; yields < 2000 * place; ++yields) sched_yield();
      sum_of_ones(comms[static_cast<std::size_t>(i)]);
    });
  for (std::thread& thread : threads) thread.join();
  // Each rank frees some of them in its own order, and leaves some to MPI_Finalize.
  if (rank % 2 != 0) std::reverse(comms.begin(), comms.begin() + kComms / 2);
  for (int i = 0; i < kComms / 2; ++i) MPI_Comm_free(&comms[static_cast<std::size_t>(i)]);
}

/// Pliant's attribute on MPI_COMM_SELF is deleted together with those of the program.
void on_self() {
  expect(sum_of_ones(MPI_COMM_SELF) == 1, "the sum of one rank");
  sum_of_ones(MPI_COMM_WORLD);
  make_request(MPI_COMM_SELF);
  run_request();
}

struct Case {
  const char* name;
  void (*run)();
};
constexpr std::array kCases = {
    Case{"in_callback", in_callback},   Case{"request_in_callback", request_in_callback},
    Case{"live_request", live_request}, Case{"active_request", active_request},
    Case{"other_orders", other_orders}, Case{"on_self", on_self}};

}  // namespace

int main(int argc, char** argv) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
  const std::string name = argc > 1 ? argv[1] : "";
  const auto found =
      std::find_if(kCases.begin(), kCases.end(), [&](const Case& each) { return name == each.name; });
  expect(found != kCases.end(), "the case is known");
  if (found != kCases.end()) found->run();
  MPI_Finalize();
  // A destructor may run this late.
  const bool active = name == "active_request";
  if (request != PLIANT_REQUEST_NULL && !active) {
    expect(Pliant_Request_free(&request) == MPI_SUCCESS, "a request is freed after MPI_Finalize");
    expect(request == PLIANT_REQUEST_NULL, "and is null then");
  }
  return failures == 0 ? 0 : 1;
}
