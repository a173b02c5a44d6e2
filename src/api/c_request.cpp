// The C interface: persistent and grouped requests.
#include <mpi.h>
#include <pliant/pliant.h>

#include <memory>
#include <optional>
#include <string>

#include "api/report.hpp"
#include "core/error.hpp"
#include "mpi/datatype.hpp"
#include "runtime/buffers.hpp"
#include "runtime/guard.hpp"
#include "runtime/request.hpp"
#include "runtime/together.hpp"

namespace {

using namespace pliant;

/// Has MPI_Finalize returned?
bool mpi_is_over() {
  int over = 0;
  MPI_Finalized(&over);
  return over != 0;
}

/// The arguments of both init calls.
struct InitArguments {
  int ntensors;
  const void* const* sendbufs;
  void* const* recvbufs;
  const MPI_Count* counts;
  MPI_Datatype datatype;
  MPI_Op op;
  MPI_Comm comm;
  MPI_Info info;
};

/// Sets the request's memory, and throws Error(buffer) unless all its parts lie in one.
void place(Pliant_Request_s& request, const Buffers& buffers, std::int64_t count) {
  if (count == 0) return;
  const int device = device_of(buffers);
  if (request.count > 0 && device != request.device)
    throw Error(ErrorClass::buffer, "tensors of a group lie in different memories",
                "all are the host's, or all one device's", "Group those of one memory");
  request.device = device;
}

/// Adds a part that MPI reduces: MPI checks its buffers. Throws Error(buffer) for device memory.
void add_part_of_mpi(Pliant_Request_s& request, const void* sendbuf, void* recvbuf, std::int64_t count) {
  check_count(count);
  if (count > 0 && lies_on_device(sendbuf, recvbuf)) refuse_device_request();
  request.parts.push_back({sendbuf == MPI_IN_PLACE ? recvbuf : sendbuf, recvbuf, count});
  request.count += count;
}

void add_parts(Pliant_Request_s& request, const InitArguments& arguments) {
  const auto type = element_type(arguments.datatype);
  const bool by_mpi = !type || !reduce_op(arguments.op) || !Process::instance().settings().enable;
  for (int i = 0; i < arguments.ntensors; ++i) {
    const std::int64_t count = arguments.counts[i];
    if (by_mpi) {
      add_part_of_mpi(request, arguments.sendbufs[i], arguments.recvbufs[i], count);
      continue;
    }
    const Buffers buffers =
        check_buffers(arguments.sendbufs[i], arguments.recvbufs[i], count, count * element_bytes(*type));
    place(request, buffers, count);
    request.parts.push_back({buffers.send, buffers.recv, count});
    request.count += count;
  }
  if (!by_mpi && request.parts.size() > 1 && request.device == kHostMemory)
    request.packed.resize(static_cast<std::size_t>(request.count * element_bytes(*type)));
}

void require_operation(MPI_Op op) {
  if (op != MPI_OP_NULL) return;
  throw Error(ErrorClass::operation, "op is MPI_OP_NULL", "a reduction needs an operation", "Pass one");
}

/// Makes a request from checked arguments. Local. Throws Error for bad ones.
std::unique_ptr<Pliant_Request_s> request_of(const InitArguments& arguments, const Pliant_Request* request) {
  if (request == nullptr)
    throw Error(ErrorClass::argument, "request is NULL", "it receives the new request", "Pass its address");
  if (arguments.ntensors < 1 || arguments.sendbufs == nullptr || arguments.recvbufs == nullptr ||
      arguments.counts == nullptr)
    throw Error(ErrorClass::argument,
                "ntensors = " + std::to_string(arguments.ntensors) + " or an array is NULL",
                "a group has at least one tensor, and arrays of ntensors entries", "Pass all three arrays");
  auto made = std::make_unique<Pliant_Request_s>();
  made->user_comm = arguments.comm;
  made->kept_datatype = KeptDatatype(arguments.datatype);
  made->datatype = made->kept_datatype.handle();
  made->op = arguments.op;
  require_operation(arguments.op);
  add_parts(*made, arguments);
  return made;
}

int init(const InitArguments& arguments, Pliant_Request* request) {
  if (request != nullptr) *request = PLIANT_REQUEST_NULL;
  return guard(arguments.comm, "", [&] {
    std::unique_ptr<Pliant_Request_s> prepared;
    const std::optional<Error> problem = attempt([&] { prepared = request_of(arguments, request); });
    const std::shared_ptr<Context> context = Context::of(arguments.comm);
    const CollectiveCall call(*context);
    throw_together(context->comm(), problem, "refuses its arguments");
    std::unique_ptr<Pliant_Request_s> made = std::move(prepared);  // so that it is destroyed before `call`
    made->context = context;
    make_ready(*made, arguments.info);
    *request = made.release();
    return MPI_SUCCESS;
  });
}

Pliant_Request_s& checked(Pliant_Request request) {
  if (request == PLIANT_REQUEST_NULL)
    throw Error(ErrorClass::request, "request is PLIANT_REQUEST_NULL", "it must come from an init call",
                "Call Pliant_Allreduce_init first");
  return *request;
}

/// Returns the communicator to raise errors on: MPI_COMM_WORLD if the request has outlived its own.
MPI_Comm comm_of(Pliant_Request request) {
  if (request == PLIANT_REQUEST_NULL || request->context->comm_freed()) return MPI_COMM_WORLD;
  return request->user_comm;
}

std::string_view name_of(Pliant_Request request) {
  return request == PLIANT_REQUEST_NULL ? std::string_view() : std::string_view(request->tensor->name);
}

/// guard() with the request's communicator and tensor, while holding its context. Held: LocalCall or
/// CollectiveCall. After MPI_Finalize there is no error handler, so it only returns MPI_ERR_OTHER.
template <class Held, class Body>
int guard_request(Pliant_Request request, Body&& body) {
  if (mpi_is_over()) return MPI_ERR_OTHER;
  return guard(comm_of(request), name_of(request), [&] {
    const std::shared_ptr<Context> context = checked(request).context;
    const Held held(*context);
    context->require_alive();
    body(*request);
    return MPI_SUCCESS;
  });
}

void require_inactive(const Pliant_Request_s& request, const char* what) {
  if (!request.started) return;
  throw Error(ErrorClass::request, std::string(what) + " of a request that is started", "it must be inactive",
              "Call Pliant_Wait first");
}

/// call_all() for an array of requests.
template <class Call>
int for_each_request(int n, Pliant_Request requests[], Call&& call) {
  if (n < 0 || (requests == nullptr && n > 0))
    return guard(MPI_COMM_WORLD, "", [&]() -> int {
      throw Error(ErrorClass::argument, quoted("n", std::to_string(n)) + " or requests is NULL",
                  "an array of n >= 0 requests is needed", "Pass the array and its length");
    });
  return call_all(n, [&](int i) { return call(requests[i]); });
}

}  // namespace

extern "C" {

int Pliant_Allreduce_init(const void* sendbuf, void* recvbuf, MPI_Count count, MPI_Datatype datatype,
                          MPI_Op op, MPI_Comm comm, MPI_Info info, Pliant_Request* request) {
  return init({1, &sendbuf, &recvbuf, &count, datatype, op, comm, info}, request);
}

int Pliant_Grouped_allreduce_init(int ntensors, const void* const sendbufs[], void* const recvbufs[],
                                  const MPI_Count counts[], MPI_Datatype datatype, MPI_Op op, MPI_Comm comm,
                                  MPI_Info info, Pliant_Request* request) {
  return init({ntensors, sendbufs, recvbufs, counts, datatype, op, comm, info}, request);
}

int Pliant_Start(Pliant_Request request) {
  return guard_request<LocalCall>(request, [](Pliant_Request_s& r) {
    require_inactive(r, "start");
    start_request(r);
  });
}

int Pliant_Startall(int n, Pliant_Request requests[]) {
  return for_each_request(n, requests, Pliant_Start);
}

int Pliant_Test(Pliant_Request request, int* flag) {
  return guard_request<LocalCall>(request, [&](Pliant_Request_s& r) {
    if (flag == nullptr)
      throw Error(ErrorClass::argument, "flag is NULL", "it receives whether the request is complete",
                  "Pass its address");
    *flag = test_request(r) ? 1 : 0;
  });
}

int Pliant_Wait(Pliant_Request request) {
  return guard_request<LocalCall>(request, [](Pliant_Request_s& r) { wait_for_request(r); });
}

int Pliant_Waitall(int n, Pliant_Request requests[]) {
  return for_each_request(n, requests, Pliant_Wait);
}

int Pliant_Request_free(Pliant_Request* request) {
  const Pliant_Request handle = request == nullptr ? PLIANT_REQUEST_NULL : *request;
  const auto free_it = [&] {
    const std::shared_ptr<Context> context = checked(handle).context;
    const LocalCall held(*context);
    require_inactive(*handle, "free");
    delete handle;
    *request = PLIANT_REQUEST_NULL;
    return MPI_SUCCESS;
  };
  if (mpi_is_over()) return attempt(free_it) ? MPI_ERR_REQUEST : MPI_SUCCESS;
  return guard(comm_of(handle), name_of(handle), free_it);
}

int Pliant_Request_get_report(Pliant_Request request, Pliant_Report* report) {
  return guard_request<LocalCall>(request, [&](Pliant_Request_s& r) {
    if (r.tensor->report.size == 0)
      throw Error(ErrorClass::request, "the request was never completed",
                  "a report tells of the last operation", "Start it and wait for it first");
    copy_report(r.tensor->report, report);
  });
}

int Pliant_Request_flush(Pliant_Request request) {
  return guard_request<CollectiveCall>(request, [](Pliant_Request_s& r) {
    r.context->finish_all("a flush");
    std::optional<Error> refused = attempt([&] { require_inactive(r, "flush"); });
    throw_together(r.context->comm(), refused, "refuses a flush");
    flush_request(r);
  });
}

}  // extern "C"
