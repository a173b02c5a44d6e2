// The C interface: drop-in calls, settings, explanation of blocking calls.
#include <mpi.h>
#include <pliant/pliant.h>

#include <cstddef>
#include <cstring>
#include <optional>
#include <string>

#include "api/report.hpp"
#include "core/error.hpp"
#include "mpi/check.hpp"
#include "mpi/datatype.hpp"
#include "mpi/mpi_allreduce.hpp"
#include "planner/decision.hpp"
#include "runtime/blocking_call.hpp"
#include "runtime/buffers.hpp"
#include "runtime/consistency_check.hpp"
#include "runtime/context.hpp"
#include "runtime/device/device_operation.hpp"
#include "runtime/guard.hpp"
#include "runtime/operation.hpp"
#include "runtime/placement.hpp"
#include "runtime/residuals.hpp"
#include "runtime/short_call.hpp"
#include "runtime/state/state.hpp"

namespace {

using namespace pliant;

/// The arguments of MPI_Allreduce.
struct Arguments {
  const void* sendbuf;
  void* recvbuf;
  MPI_Count count;
  MPI_Datatype datatype;
  MPI_Op op;
  MPI_Comm comm;
};

/// Calls MPI with unchanged arguments. MPI's rules hold, and MPI runs the error handler.
int pass_to_mpi(const Arguments& call) {
  return call_users("MPI_Allreduce", [&] {
    return allreduce_by_mpi(call.sendbuf, call.recvbuf, call.count, call.datatype, call.op, call.comm);
  });
}

bool is_intercommunicator(MPI_Comm comm) {
  if (comm == MPI_COMM_NULL) return false;
  int inter = 0;
  check_users("MPI_Comm_test_inter", [&] { return MPI_Comm_test_inter(comm, &inter); });
  return inter != 0;
}

void check_consistency_now(Context& context, PendingOperation& pending, const Intention& intention) {
  ConsistencyCheck check{context, pending, intention};
  context.prepare(pending);
  context.begin(pending, check_consistency(check));
  context.finish(pending);
  Context::rethrow(pending);
}

/// Reduces by MPI, because Pliant has no kernel for the call or it is on an intercommunicator (`inter`).
int let_mpi_reduce(Process& process, Arguments call, bool inter) {
  check_count(call.count);  // not every MPI checks it
  const bool on_device = call.count > 0 && given_device_memory(process, call.sendbuf, call.recvbuf);
  if (inter || call.comm == MPI_COMM_NULL) return pass_to_mpi(call);
  if (call.sendbuf == call.recvbuf && call.count > 0) call.sendbuf = MPI_IN_PLACE;
  const std::shared_ptr<Context> context = Context::find(call.comm);
  if (context != nullptr) {
    const CollectiveCall turn(*context, CollectiveCall::On::broken_too);
    if (context->checks() && !context->broken())
      check_consistency_now(
          *context, context->blocking(),
          intention_of("", call.count, call.datatype, call.op, context->plan(), on_device ? 0 : kHostMemory));
    if (context->has_requests() && !context->broken()) context->wait_for_ranks();
  }
  return pass_to_mpi(call);
}

int allreduce(const Arguments& call) {
  const auto& [sendbuf, recvbuf, count, datatype, op, comm] = call;
  if (short_call(sendbuf, recvbuf, count, datatype, op, comm)) return MPI_SUCCESS;
  if (Process::has_ended()) return pass_to_mpi(call);
  Process& process = Process::instance();
  if (!process.problem() && !process.settings().enable) return pass_to_mpi(call);
  const auto type = element_type(datatype);
  const auto reduction = reduce_op(op);
  const bool inter = is_intercommunicator(comm);
  if (!type || !reduction || inter) return let_mpi_reduce(process, call, inter);
  const Buffers buffers = check_buffers(sendbuf, recvbuf, count, count * element_bytes(*type));
  const int device = count > 0 ? device_of(buffers) : kHostMemory;
  const std::shared_ptr<Context> context = Context::of(comm);
  const CollectiveCall turn(*context);
  PendingOperation& pending = context->blocking();
  if (context->checks())
    check_consistency_now(*context, pending, intention_of("", count, datatype, op, context->plan(), device));
  reduce_now(*context, {buffers, count, *type, *reduction, device});
  return MPI_SUCCESS;
}

}  // namespace

extern "C" {

int Pliant_Allreduce_c(const void* sendbuf, void* recvbuf, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
                       MPI_Comm comm) {
  return guard(comm, "", [&] { return allreduce({sendbuf, recvbuf, count, datatype, op, comm}); });
}

int Pliant_Allreduce(const void* sendbuf, void* recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                     MPI_Comm comm) {
  return Pliant_Allreduce_c(sendbuf, recvbuf, count, datatype, op, comm);
}

int Pliant_Comm_set_info(MPI_Comm comm, MPI_Info info) {
  return guard(comm, "", [&] {
    const auto context = Context::of(comm);
    const CollectiveCall call(*context);
    context->set_info(info);
    warn_of_residuals_out_of_use(*context);
    return MPI_SUCCESS;
  });
}

int Pliant_Comm_get_info(MPI_Comm comm, MPI_Info* info_used) {
  return guard(comm, "", [&] {
    if (info_used == nullptr)
      throw Error(ErrorClass::argument, "info_used is NULL", "it receives a new MPI_Info",
                  "Pass its address");
    const auto context = Context::of(comm);
    const LocalCall held(*context);
    const Config& config = context->config();
    const bool asserted = context->plan().settings.assert_exact;
    check(MPI_Info_create(info_used), "MPI_Info_create");
    for (const SettingRow& row : setting_rows()) {
      if (row.key[0] == '\0') continue;
      std::string value = config.value(row).value;
      if (asserted && row.key == std::string_view("pliant_mode")) value = "exact";
      if (asserted && row.key == std::string_view("pliant_assert_exact")) value = "true";
      if (!value.empty()) check(MPI_Info_set(*info_used, row.key, value.c_str()), "MPI_Info_set");
    }
    return MPI_SUCCESS;
  });
}

int Pliant_Comm_get_report(MPI_Comm comm, Pliant_Report* report) {
  return guard(comm, "", [&] {
    const auto context = Context::find(comm);
    std::optional<LocalCall> held;
    if (context != nullptr) held.emplace(*context);
    if (context == nullptr || context->last_report.size == 0)
      throw Error(ErrorClass::other, "no blocking call was made on this communicator",
                  "a report tells of the last one", "Call Pliant_Allreduce first");
    copy_report(context->last_report, report);
    return MPI_SUCCESS;
  });
}

int Pliant_Comm_plan(MPI_Comm comm, MPI_Count count, MPI_Datatype datatype, MPI_Op op, int max,
                     Pliant_Report reports[], int* n) {
  return guard(comm, "", [&] {
    const auto context = Context::find(comm);
    std::optional<LocalCall> held;
    if (context != nullptr) held.emplace(*context);
    if (context == nullptr || !context->measured())
      throw Error(ErrorClass::other, "the network of this communicator is not measured yet",
                  "a plan sends nothing", "Call Pliant_Comm_probe first");
    const auto type = element_type(datatype);
    const auto reduction = reduce_op(op);
    if (count <= 0 || !type || !reduction)
      throw Error(ErrorClass::argument, "nothing to plan for count = " + std::to_string(count),
                  "count must be > 0, datatype and operation ones that Pliant has kernels for",
                  "What it has none for goes to MPI");
    const Plan& plan = context->plan();
    const AllreduceShape shape = plan.shape(context->hosts().layout(), count, *type);
    const bool eligible = lossy_eligible(plan, shape, *reduction);
    ChoiceInput input = plan.choice_input(shape, context->model(), eligible);
    input.compute_s = context->last_report.compute_s;
    const CallSite* const site = context->call_sites.look_at({count, *type, *reduction, Memory::host});
    if (site != nullptr && site->agreed) {
      input.compute_s = site->agreed->compute_s;
      input.margin = site->agreed->margin;
      input.gain = site->agreed->gain ? &*site->agreed->gain : nullptr;
    }
    write_plan(decide(input), shape, context->model(), max, reports, n);
    return MPI_SUCCESS;
  });
}

int Pliant_Comm_probe(MPI_Comm comm) {
  return guard(comm, "", [&] {
    const auto context = Context::of(comm);
    const CollectiveCall call(*context);
    context->finish_all("a probe");
    context->measure();
    return MPI_SUCCESS;
  });
}

int Pliant_Comm_probe_links(MPI_Comm comm, int max, Pliant_Link links[], int* n) {
  return guard(comm, "", [&] {
    if (n == nullptr || max < 0 || (links == nullptr && max > 0))
      throw Error(ErrorClass::argument, "no room for the links",
                  "max >= 0, links has room for max, n is not NULL", "Pass an array of P(P-1)/2 links");
    const auto context = Context::of(comm);
    const CollectiveCall call(*context);
    context->finish_all("a probe");
    const std::vector<Pliant_Link>& measured = context->measure();
    *n = static_cast<int>(measured.size());
    for (int i = 0; i < *n && i < max; ++i) links[i] = measured[static_cast<std::size_t>(i)];
    return MPI_SUCCESS;
  });
}

int Pliant_Comm_repair(MPI_Comm comm) {
  return guard(comm, "", [&] {
    const auto context = Context::of(comm);
    const CollectiveCall call(*context, CollectiveCall::On::broken_too);
    context->repair(comm);
    return MPI_SUCCESS;
  });
}

int Pliant_Comm_save_state(MPI_Comm comm, const char* path) {
  return guard(comm, "", [&] {
    const auto context = Context::of(comm);
    const CollectiveCall call(*context);
    save_state(*context, path);
    return MPI_SUCCESS;
  });
}

int Pliant_Comm_load_state(MPI_Comm comm, const char* path) {
  return guard(comm, "", [&] {
    const auto context = Context::of(comm);
    const CollectiveCall call(*context);
    load_state(*context, path);
    return MPI_SUCCESS;
  });
}

int Pliant_Comm_flush(MPI_Comm comm, void* recvbuf) {
  return guard(comm, "", [&] {
    const auto context = Context::find(comm);
    if (context == nullptr) return MPI_SUCCESS;
    const CollectiveCall call(*context);
    context->finish_all("a flush");
    flush_blocking(*context, recvbuf);
    return MPI_SUCCESS;
  });
}

int Pliant_Comm_forget(MPI_Comm comm, const void* recvbuf) {
  return guard(comm, "", [&] {
    const auto context = Context::find(comm);
    if (context == nullptr) return MPI_SUCCESS;
    const CollectiveCall call(*context);
    forget_blocking(*context, recvbuf);
    return MPI_SUCCESS;
  });
}

int Pliant_Error_string(int code, char* text, int* len) {
  return guard(MPI_COMM_SELF, "", [&] {
    if (text == nullptr || len == nullptr)
      throw Error(ErrorClass::argument, "text or len is NULL", "both receive the message",
                  "Pass room for PLIANT_MAX_ERROR_STRING characters");
    const std::string message = Process::instance().error_text(code);
    if (message.empty()) {
      check(MPI_Error_string(code, text, len), "MPI_Error_string");
      return MPI_SUCCESS;
    }
    *len = static_cast<int>(message.copy(text, PLIANT_MAX_ERROR_STRING - 1));
    text[*len] = '\0';
    return MPI_SUCCESS;
  });
}

}  // extern "C"
