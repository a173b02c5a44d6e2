#include "runtime/operation.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "collectives/device/staging.hpp"
#include "collectives/exchange.hpp"
#include "collectives/sparse/messages.hpp"
#include "collectives/sparse/sparse.hpp"
#include "compress/topk.hpp"
#include "kernels/long_vectors.hpp"
#include "planner/decision.hpp"
#include "runtime/agreement.hpp"
#include "runtime/device/device_operation.hpp"
#include "runtime/energy.hpp"
#include "runtime/sampling.hpp"

namespace pliant {
namespace {

/// The host channels that the operation may use, or null. Blocking calls share the context's channels, which
/// may have to be allocated first.
HostChannels* hosts_of(const OperationRun& run) {
  if (&run.pending != &run.context.blocking()) return run.operation.hosts;
  const Operation& operation = run.operation;
  HostChannels* const channels =
      run.context.hosts().channels_for(operation.count * element_bytes(operation.type));
  if (run.context.hosts().refused()) run.context.warn_once(HostGroup::kRefusal);
  return channels;
}

/// The shape of the operation. Without host channels it says that each host has one rank.
AllreduceShape shape_of(const OperationRun& run) {
  const Operation& operation = run.operation;
  AllreduceShape shape = operation.plan.shape(run.context.hosts().layout(), operation.count, operation.type);
  if (const HostChannels* hosts = hosts_of(run)) {
    shape.slot_bytes = hosts->slot_bytes();
  } else {
    shape.hosts = shape.ranks;
    shape.most_on_host = 1;
  }
  describe_device(run, shape);
  return shape;
}

AllreduceCall make_call(OperationRun& run, const AllreduceShape& shape) {
  const Operation& operation = run.operation;
  return {.comm = run.context.comm(),
          .workspace = run.pending.workspace,
          .kernels = run.context.kernels(),
          .shape = shape,
          .op = operation.op,
          .tag = operation.tag,
          // A rank may refuse an encoded message; then no other rank may be blocked inside MPI.
          .may_block = !run.context.has_requests() && !operation.plan.settings.topk,
          .mpi_comm = operation.mpi_comm,
          .hosts = hosts_of(run),
          .data = static_cast<std::byte*>(operation.recv),
          .own = {},
          .outcome = {}};
}

void remember_agreed(CallSite& site, const ChoiceInput& input) {
  site.agreed = {input.compute_s, input.margin, std::nullopt};
  if (input.gain != nullptr) site.agreed->gain = *input.gain;
}

/// Has the tensor the error feedback that the plan wants? Allocates its residual on the host, unless the
/// operation is on a device.
bool keeps_feedback(const Operation& operation) {
  const ErrorFeedback& wanted = *operation.plan.feedback;
  if (operation.device.part != nullptr) return operation.tensor->feedback == &wanted;
  return operation.tensor->prepare(wanted);
}

/// Copies the input for an exact operation without a residual.
void copy_in(AllreduceCall& call, const Operation& operation) {
  if (operation.send != operation.recv)
    copy(operation.recv, operation.send, call.shape.bytes(), call.workspace.select);
}

/// The minimum over ranks of the gain of each rank's k largest elements (gradient + residual). Collective.
/// The selection is kept for the operation.
Task least_gain(AllreduceCall& call, const Operation& operation, double& gain) {
  {
    const CompressTimer timer(call.outcome.compress_s);
    select_own(call, Picks::leave);
  }
  double total_squared = call.outcome.selection.total_squared;
  if (!std::isfinite(total_squared)) total_squared = energy_left(operation).finite_squared;
  std::array<double, 1> loss = {1 - gain_of(call.own.sent_squared, total_squared)};
  co_await agree_max(call, loss);
  gain = 1 - loss[0];
}

/// Counts this rank's gain for every k. In an exact operation k is free, so the smallest one is used.
void count_gain(AllreduceCall& call, PolicyMemory& memory, bool exact) {
  const CompressTimer timer(call.outcome.compress_s);
  const std::int64_t kept = call.shape.kept;
  if (exact) call.shape.kept = kept_count(call.shape.count, kLeastDensity);
  select_own(call, Picks::leave, &call.workspace.curve);
  call.shape.kept = kept;
  memory.count(call.workspace.curve, call.shape.count);
}

/// The energy that a lossy algorithm has sent, and the energy left in the residual.
Energy energy_of(const SparseOutcome& outcome, const Operation& operation) {
  const Selection& sent = outcome.selection;
  if (std::isfinite(sent.total_squared))
    return {gain_of(sent.sent_squared, sent.total_squared),
            sent.total_squared - sent.sent_squared + outcome.rounding_squared};
  const EnergyLeft left = energy_left(operation);
  return {gain_of(sent.sent_squared, sent.sent_squared + left.finite_squared), left.squared};
}

/// result = gradient + residual; then the residual is zero.
void drain(AllreduceCall& call, TensorState& tensor) {
  const CompressTimer timer(call.outcome.compress_s);
  auto* result = reinterpret_cast<float*>(call.data);
  FeedbackState& memory = tensor.memory;
  const std::int64_t count = call.shape.count;
  if (call.gradient != nullptr && !memory.outstanding) {
    if (result != call.gradient) copy(result, call.gradient, call.shape.bytes(), call.workspace.select);
    call.gradient = nullptr;
    return;
  }
  if (call.gradient != nullptr) {
    drain(call.kernels, result, call.gradient, call.residual, count, call.workspace.select);
  } else {
    copy(result, call.residual, call.shape.bytes(), call.workspace.select);
    clear(call.residual, call.shape.bytes(), call.workspace.select);
  }
  memory.outstanding = false;
  call.gradient = nullptr;
}

/// Adds the gradient to the residual at the end of the scope, even on an exception, if that is not done yet.
class GradientIsGiven {
 public:
  explicit GradientIsGiven(AllreduceCall& call) : call_(call) {}
  ~GradientIsGiven() {
    if (call_.gradient == nullptr) return;
    accumulate(call_.kernels, call_.residual, call_.gradient, call_.shape.count, call_.workspace.select);
    call_.gradient = nullptr;
  }
  GradientIsGiven(const GradientIsGiven&) = delete;
  GradientIsGiven& operator=(const GradientIsGiven&) = delete;

 private:
  AllreduceCall& call_;
};

/// Reduces through the tensor's error feedback. Changes `decision` to an exact one if some rank's selection
/// misses pliant_min_gain.
Task run_fed(AllreduceCall& call, OperationRun& run, bool counts_gain, const ChoiceInput& input,
             Decision& decision, Energy& found) {
  const Operation& operation = run.operation;
  const Kernels& kernels = call.kernels;
  TensorState& tensor = *operation.tensor;
  if (!keeps_feedback(operation))
    run.context.warn_once(
        "pliant_error_feedback changed, but tensors that hold a residual keep the one they began with. "
        "Use new requests for another");
  const ErrorFeedback& feedback = *tensor.feedback;
  const FeedbackResult fed =
      feedback.begin(tensor.memory, static_cast<const float*>(operation.send), operation.count, kernels);
  call.residual = tensor.memory.place();
  call.gradient = fed.pending;
  call.outcome.selection.total_squared = fed.squared;
  const GradientIsGiven given(call);
  if (fed.pending == nullptr) tensor.memory.outstanding = true;
  if (counts_gain) count_gain(call, tensor.policy, decision.algorithm->exact);
  const double min_gain = operation.plan.settings.min_gain;
  if (!decision.algorithm->exact && min_gain > 0) {
    double gain = 0;
    co_await least_gain(call, operation, gain);
    if (gain < min_gain) decision = decide_exact(input, "a rank's top-k holds less than pliant_min_gain");
    if (!decision.algorithm->carries) call.telemetry = nullptr;
  }
  if (decision.algorithm->exact) {
    drain(call, tensor);
    call.shape.kept = operation.count;
    call.shape = tuned_for(*decision.algorithm, call.shape, *input.model);
    co_await run_anywhere(call, *decision.algorithm);
  } else {
    tensor.memory.outstanding = true;
    co_await decision.algorithm->run(call);
    found = energy_of(call.outcome, operation);
  }
  if (feedback.finish(tensor.memory, static_cast<float*>(operation.recv), operation.count, kernels) > 0)
    found.residual_squared = energy_left(operation).squared;
}

/// The equivalent density: that of allgather_topk at equal quality.
double equivalent_density_of(const Decision& decision, const ChoiceInput& input) {
  const std::int64_t count = input.shape.count;
  const double kept = decision.algorithm->exact || !input.equivalent
                          ? static_cast<double>(decision.kept)
                          : input.equivalent->own_kept(*decision.algorithm, decision.kept, count);
  return kept / static_cast<double>(count);
}

void fill_choice(Pliant_Report& report, const Decision& decision, const LinkModel& link, std::int64_t count) {
  set_text(report.algorithm, decision.algorithm->name);
  set_text(report.reason, decision.reason.data());
  report.elements = count;
  report.kept = decision.kept;
  report.density = static_cast<double>(decision.kept) / static_cast<double>(count);
  report.predicted_s = decision.predicted_s;
  report.exact = decision.algorithm->exact ? 1 : 0;
  report.alpha_s = link.alpha_s;
  report.beta_s_per_byte = link.beta_s_per_byte;
}

/// Measures the network before the first operation that needs it. Collective.
void measure_if_needed(OperationRun& run, const AllreduceShape& shape) {
  Context& context = run.context;
  if (context.measured() || !needs_measuring(run.operation.plan, shape, run.operation.op)) return;
  const Traffic before = context.comm().traffic();
  context.measure();
  run.pending.sent = run.pending.sent - (context.comm().traffic() - before);  // not this operation's
}

/// The input of the decision as this rank knows it.
/// @param between_s  [s] that the program has computed since the last operation
ChoiceInput own_input(const OperationRun& run, const AllreduceShape& shape, const CostModel& model,
                      double between_s) {
  const Operation& operation = run.operation;
  Context& context = run.context;
  ChoiceInput input =
      operation.plan.choice_input(shape, model, lossy_eligible(operation.plan, shape, operation.op));
  input.compute_s = operation.plan.policy->needs_compute_time ? context.compute_times.typical_s() : between_s;
  input.resumable = context.has_requests();
  if (TensorState* const tensor = operation.tensor) {
    input.memo = &tensor->policy.memo;
    input.outstanding = tensor->memory.outstanding;
  }
  return input;
}

void warn_of_what_has_no_effect(const OperationRun& run, const Agreement& agreed) {
  const Plan& plan = run.operation.plan;
  if (!agreed.all_ready)
    run.context.warn_once(
        "more tensors in blocking calls than residuals are kept for (64 a communicator; keyed by recvbuf "
        "and count). Further ones are reduced exactly: use Pliant_Allreduce_init, one request a tensor, or "
        "Pliant_Comm_forget for buffers that are gone");
  if (plan.ignores_algorithm)
    run.context.warn_once(
        "PLIANT_ALGORITHM = " + plan.settings.algorithm +
        " has no effect on exact calls (it names lossy algorithms alone). Set pliant_mode = topk, "
        "or name an exact one besides");
}

/// Fills in the report and what publish_report() needs.
void fill_results(OperationRun& run, const AllreduceCall& call, const Decision& decision,
                  const ChoiceInput& input, const Energy& fed) {
  Context& context = run.context;
  Pliant_Report& report = run.report = empty_report();
  fill_choice(report, decision, input.model->link, run.operation.count);
  context.end_s = MPI_Wtime();
  report.measured_s = context.end_s - run.begin_s;
  report.compress_s = call.outcome.compress_s;
  report.compute_s = input.compute_s;
  report.nonfinite = call.outcome.selection.nonfinite;
  report.gain = fed.gain;
  report.residual_norm = std::sqrt(std::max(0.0, fed.residual_squared));
  if (run.learned_from) {
    report.late_rank = context.learning().stragglers().latest().rank;
    report.late_s = context.learning().stragglers().latest().late_s;
  }
  run.algorithm = decision.algorithm;
  run.formula_s = decision.formula_s;
  run.equivalent = equivalent_density_of(decision, input);
}

}  // namespace

Pliant_Report empty_report() {
  Pliant_Report report{};
  report.size = sizeof report;
  report.gain = 1;
  report.density = 1;
  report.late_rank = -1;
  return report;
}

Task run_operation(OperationRun& run) {
  Context& context = run.context;
  const Operation& operation = run.operation;
  const double between_s = context.computed_until(MPI_Wtime());
  const AllreduceShape shape = shape_of(run);
  measure_if_needed(run, shape);
  run.begin_s = MPI_Wtime();
  run.outside_s = context.outside.total_s();
  AllreduceCall call = make_call(run, shape);
  co_await begin_on_device(run, call);
  DeviceTurn turn(operation.device.part);
  CallSite& site = *operation.site;
  context.call_sites.renew(site);
  CostModel model = operation.nominal ? Context::nominal_model() : context.model();
  model.device = context.device_model();
  ChoiceInput input = own_input(run, shape, model, between_s);
  run.may_lose = input.may_lose;
  Agreement agreed{.step = operation.tensor != nullptr ? operation.tensor->step : context.plain_calls};
  const std::int64_t begun = context.begun_alone();
  co_await agree(call, operation, input, agreed);
  run.tensor_unknown = !agreed.same_tensor;
  if (run.tensor_unknown) co_return;
  if (run.may_lose && operation.plan.policy->adapts) remember_agreed(site, input);
  warn_of_what_has_no_effect(run, agreed);

  run.learned_from = is_learned_from(context, operation, input.shape);
  std::optional<SampledCall> sampled;
  if (run.learned_from) {
    sampled.emplace(call, run, input);
    co_await sampled->meet();
    put_in_force(site.sync, input, model);
  }
  Decision decision = site.decision.decide(input);
  call.shape = decision.shape;
  call.step = agreed.step;
  if (sampled) sampled->begin(decision, input);
  if (operation.device.part != nullptr) co_await await_turn(call, run, turn, *decision.algorithm);
  Energy fed;
  if (run.may_lose && operation.tensor != nullptr) {
    co_await run_fed(call, run, agreed.count_gain, input, decision, fed);
  } else {
    copy_in(call, operation);
    co_await run_anywhere(call, *decision.algorithm);
  }
  if (operation.device.part != nullptr) co_await end_on_device(run, call);
  (operation.tensor != nullptr ? operation.tensor->step : context.plain_calls) = agreed.step + 1;
  if (sampled) sampled->end(*decision.algorithm);
  if (run.learned_from && operation.blocking) context.learning().note_call(decision);
  run.step = agreed.step;
  run.alone = begun >= 0 && context.begun_alone() == begun;
  fill_results(run, call, decision, input, fed);
}

void flush_tensor(Context& context, const Plan& plan, TensorState& tensor, float* result) {
  if (tensor.feedback == nullptr || !tensor.feedback->keeps_mass) return;
  std::vector<float> rest = FeedbackState(tensor.memory).residual;
  const Operation operation{
      plan, &tensor, rest.data(), rest.data(), tensor.count, ElementType::float32, ReduceOp::sum, false};
  PendingOperation& pending = context.blocking();
  OperationRun run{context, operation, pending};
  const AllreduceShape shape = shape_of(run);
  ChoiceInput input = plan.choice_input(shape, context.model(), false);
  input.resumable = context.has_requests();
  const Decision decision = decide_exact(input, "flush");
  context.prepare(pending);
  AllreduceCall call = make_call(run, tuned_for(*decision.algorithm, shape, context.model()));
  context.begin(pending, decision.algorithm->run(call));
  context.finish(pending);
  Context::rethrow(pending);
  tensor.feedback->settle(tensor.memory, rest.data(), tensor.count, context.kernels());
  context.kernels().reduction(ElementType::float32, ReduceOp::sum)(result, rest.data(), tensor.count);
}

}  // namespace pliant
