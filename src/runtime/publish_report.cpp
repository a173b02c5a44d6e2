// The work after an operation has ended: update the policy, write a row of the trace, warn and log.
#include <string>

#include "runtime/agreement.hpp"
#include "runtime/operation.hpp"

namespace pliant {
namespace {

void trace(const OperationRun& run) {
  Context& context = run.context;
  const Operation& operation = run.operation;
  const Pliant_Report& report = run.report;
  Process& process = context.process();
  if (!process.records()) return;
  TraceEvent event;
  event.time_s = process.since_begin_s(context.end_s - report.measured_s);
  event.step = run.step;
  event.communicator = context.id();
  const std::string& name =
      operation.tensor != nullptr ? operation.tensor->name : operation.plan.settings.name;
  set_text(event.tensor, name);
  set_text(event.algorithm, report.algorithm);
  event.elements = report.elements;
  event.kept = report.kept;
  event.density = report.density;
  event.predicted_s = report.predicted_s;
  event.measured_s = report.measured_s;
  event.compress_s = report.compress_s;
  event.compute_s = report.compute_s;
  event.wire_bytes = report.wire_bytes;
  event.gain = report.gain;
  event.residual_norm = report.residual_norm;
  event.nonfinite = report.nonfinite;
  event.alpha_s = report.alpha_s;
  event.beta_s_per_byte = report.beta_s_per_byte;
  event.equivalent_density = run.equivalent;
  if (run.learned_from) {
    const SyncState& state = operation.site->sync;
    event.alpha_error = state.alpha_error;
    event.beta_error = state.beta_error;
    event.change = state.change;
    if (run.algorithm == state.algorithm) event.regret_s = state.regret_s;
    event.late_rank = report.late_rank;
    event.late_s = report.late_s;
  }
  process.record(event);
}

/// "<tensor>: ", or empty without a tensor.
std::string address(const Operation& operation) {
  return operation.tensor != nullptr ? operation.tensor->name + ": " : std::string();
}

void announce(Context& context, const Operation& operation, const Pliant_Report& report) {
  if (report.nonfinite > 0)
    context.warn_once_here(
        address(operation) + "nonfinite",
        address(operation) + std::to_string(report.nonfinite) +
            " NaN or infinite elements were selected and sent (they rank first). Look at the gradient");
  const Logger logger = context.process().logger();
  if (context.comm().rank() == 0 && logger.level() >= LogLevel::trace)
    logger.trace(address(operation) + report.reason);
}

}  // namespace

void publish_report(OperationRun& run) {
  run.report.wire_bytes = run.pending.sent.bytes;
  learn(run);
  trace(run);
  announce(run.context, run.operation, run.report);
  run.context.end_s = MPI_Wtime();
  run.context.outside.leave(run.context.end_s);
}

}  // namespace pliant
