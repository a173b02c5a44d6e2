#include "api/operation.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "api/agreement.hpp"
#include "api/decision.hpp"
#include "api/device_operation.hpp"
#include "api/energy.hpp"
#include "api/quality.hpp"
#include "api/sampling.hpp"
#include "collectives/device/staging.hpp"
#include "collectives/exchange.hpp"
#include "collectives/sparse/messages.hpp"
#include "collectives/sparse/sparse.hpp"
#include "compress/topk.hpp"
#include "kernels/long_vectors.hpp"

namespace pliant {
namespace {

/// The memory of hosts that it may use. What blocks uses the context's, where memory may have to be made
/// first.
HostLanes* hosts_of(const OperationRun& run) {
  if (&run.under_way != &run.context.blocking()) return run.operation.hosts;
  const Operation& operation = run.operation;
  HostLanes* const lanes = run.context.hosts().lanes_for(operation.count * element_bytes(operation.type));
  if (run.context.hosts().refused()) run.context.warn_once(HostGroup::kRefusal);
  return lanes;
}

/// What it is to reduce; without memory of hosts, as if each had one rank.
AllreduceShape shape_of(const OperationRun& run) {
  const Operation& operation = run.operation;
  AllreduceShape shape = operation.plan.shape(run.context.hosts().layout(), operation.count, operation.type);
  if (const HostLanes* hosts = hosts_of(run)) {
    shape.slot_bytes = hosts->slot_bytes();
  } else {
    shape.hosts = shape.ranks;
    shape.most_on_host = shape.domains = 1;
  }
  describe_device(run, shape);
  return shape;
}

AllreduceCall make_call(OperationRun& run, const AllreduceShape& shape) {
  const Operation& operation = run.operation;
  return {.comm = run.context.comm(),
          .workspace = run.under_way.workspace,
          .kernels = run.context.kernels(),
          .shape = shape,
          .op = operation.op,
          .tag = operation.tag,
          // Where messages are coded one may be refused: then nobody may wait inside MPI.
          .may_block = !run.context.has_requests() && !operation.plan.settings.topk,
          .mpi_comm = operation.mpi_comm,
          .hosts = hosts_of(run),
          .data = static_cast<std::byte*>(operation.recv),
          .own = {},
          .outcome = {}};
}

void foresee(Context& context, std::int64_t count, const Agreed& agreed) {
  context.foreseen = {count, agreed.compute_s, agreed.margin, std::nullopt, agreed.worth};
  if (agreed.gain != nullptr) context.foreseen.gain = *agreed.gain;
}

/// Has the tensor the error feedback that the plan wants? Makes room for its residual, unless that has found
/// its place on a device.
bool keeps_feedback(const Operation& operation) {
  const ErrorFeedback& wanted = *operation.plan.feedback;
  if (operation.device.part != nullptr) return operation.tensor->feedback == &wanted;
  return operation.tensor->prepare(wanted);
}

/// Where nothing of the gradient is left out and no residual is looked at.
void copy_in(AllreduceCall& call, const Operation& operation) {
  if (operation.send != operation.recv)
    copy(operation.recv, operation.send, call.shape.bytes(), call.workspace.select);
}

/// The gain of the k largest of this rank's error-fed gradient, minimum over ranks. They stay selected.
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

/// This rank's gain for every k. Where nothing is left out, any selection will do.
void count_gain(AllreduceCall& call, PolicyMemory& memory, bool exact) {
  const CompressTimer timer(call.outcome.compress_s);
  const std::int64_t kept = call.shape.kept;
  if (exact) call.shape.kept = kept_count(call.shape.count, kLeastDensity);
  select_own(call, Picks::leave, &call.workspace.curve);
  call.shape.kept = kept;
  memory.count(call.workspace.curve, call.shape.count);
}

/// What a lossy algorithm has sent and left behind.
Energy energy_of(const SparseOutcome& outcome, const Operation& operation) {
  const Selection& sent = outcome.selection;
  if (std::isfinite(sent.total_squared))
    return {gain_of(sent.sent_squared, sent.total_squared),
            sent.total_squared - sent.sent_squared + outcome.rounding_squared};
  const EnergyLeft left = energy_left(operation);
  return {gain_of(sent.sent_squared, sent.sent_squared + left.finite_squared), left.squared};
}

/// result = the error-fed gradient, of which nothing stays behind.
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

/// Whatever becomes of the call, its gradient joins the residual.
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

/// The gradient goes through the tensor's error feedback. `decision` changes to an exact one where
/// pliant_min_gain asks for it.
Task run_fed(AllreduceCall& call, OperationRun& run, const Agreed& agreed, const DecisionInput& input,
             Decision& decision, Energy& found) {
  const Operation& operation = run.operation;
  const Kernels& kernels = call.kernels;
  TensorState& tensor = *operation.tensor;
  const ErrorFeedback& feedback = *tensor.feedback;
  const ErrorFed fed =
      feedback.begin(tensor.memory, static_cast<const float*>(operation.send), operation.count, kernels);
  call.residual = tensor.memory.place();
  call.gradient = fed.pending;
  call.outcome.selection.total_squared = fed.squared;
  const GradientIsGiven given(call);
  if (fed.pending == nullptr) tensor.memory.outstanding = true;
  if (!run.teaches) {
    const StalenessSample sample = sample_before(operation, decision, input.shape, input.model);
    if (sample.algorithm != nullptr) co_await take_sample(call, run, sample);
  }
  if (agreed.count_gain) count_gain(call, tensor.policy, decision.algorithm->exact);
  const double min_gain = operation.plan.settings.min_gain;
  if (!decision.algorithm->exact && min_gain > 0) {
    double gain = 0;
    co_await least_gain(call, operation, gain);
    if (gain < min_gain) decision = decide_exact(input, "a rank's top-k holds less than pliant_min_gain");
  }
  if (decision.algorithm->exact) {
    drain(call, tensor);
    call.shape.kept = operation.count;
    call.shape = tuned_for(*decision.algorithm, call.shape, input.model);
    co_await run_anywhere(call, *decision.algorithm);
  } else {
    tensor.memory.outstanding = true;
    co_await decision.algorithm->run(call);
    found = energy_of(call.outcome, operation);
  }
  if (feedback.finish(tensor.memory, static_cast<float*>(operation.recv), operation.count, kernels) > 0)
    found.residual_squared = energy_left(operation).squared;
}

/// The density of allgather_topk that is as good as what was done.
double worth_of(const Decision& decision, const Agreed& agreed, std::int64_t count) {
  const double kept = decision.algorithm->exact || !agreed.worth
                          ? static_cast<double>(decision.kept)
                          : agreed.worth->own_kept(*decision.algorithm, decision.kept, count);
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

/// What is to be done, and the shape as the algorithm is to be given it.
Decision decided_now(OperationRun& run, Lane* lane, const DecisionInput& input) {
  if (lane != nullptr) return decide_in(*lane, input);
  if (!input.may_lose && run.operation.blocking) return run.context.decisions.exact(input);
  Decision decision = decide(input);
  AllreduceShape shape = input.shape;
  shape.kept = decision.kept;
  if (!decision.algorithm->exact) shape.index_codec = &index_codec_for(shape, input.model);
  decision.shape = tuned_for(*decision.algorithm, shape, input.model);
  return decision;
}

Decision decided(OperationRun& run, Lane* lane, DecisionInput input) {
  Decision decision = decided_now(run, lane, input);
  if (!ends_trial(run.operation, decision)) return decision;
  input.only_family = Family::exact;
  return decided_now(run, lane, input);
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

bool needs_measuring(const Plan& plan, const AllreduceShape& shape, ReduceOp op) {
  return lossy_eligible(plan, shape, op) || shape.bytes() >= kMeasureBytes;
}

Task run_operation(OperationRun& run) {
  Context& context = run.context;
  const Operation& operation = run.operation;
  const double begin_s = MPI_Wtime();
  const double between_s = context.computed_until(begin_s);
  AllreduceShape shape = shape_of(run);
  const bool eligible = lossy_eligible(operation.plan, shape, operation.op);
  if (!context.measured() && needs_measuring(operation.plan, shape, operation.op)) {
    const Traffic before = context.comm().traffic();
    context.measure();
    run.under_way.sent = run.under_way.sent - (context.comm().traffic() - before);  // not this operation's
  }
  run.begin_s = MPI_Wtime();
  run.outside_s = context.outside.total_s();
  AllreduceCall call = make_call(run, shape);
  co_await begin_on_device(run, call);
  DeviceTurn turn(operation.device.part);
  Agreed agreed;
  agreed.compute_s =
      operation.plan.policy->needs_compute_time ? context.compute_times.typical_s() : between_s;
  const TensorState* const state = operation.tensor;
  agreed.step = state != nullptr ? state->step : context.plain_calls;
  agreed.outstanding = state != nullptr && state->memory.outstanding;
  const std::int64_t begun = context.begun_alone();
  co_await agree(call, operation, eligible, agreed);
  run.tensor_unknown = !agreed.same_tensor;
  if (run.tensor_unknown) co_return;
  if (!agreed.roomy) shape.has_nccl = shape.mpi_reads_device = false;
  if (eligible && operation.plan.policy->adapts) foresee(context, operation.count, agreed);
  if (!agreed.all_ready)
    context.warn_once(
        "more tensors in blocking calls than residuals are kept for (64 a communicator; keyed by recvbuf "
        "and count). Further ones are reduced exactly: use Pliant_Allreduce_init, one request a tensor, or "
        "Pliant_Comm_forget for buffers that are gone");

  if (operation.plan.ignores_algorithm)
    context.warn_once(
        "PLIANT_ALGORITHM = " + operation.plan.settings.algorithm +
        " has no effect on exact calls (it names lossy algorithms alone). Set pliant_mode = topk, "
        "or name an exact one besides");

  CostModel model = operation.nominal ? Context::nominal_model() : context.model();
  const DecisionInput input{.plan = operation.plan,
                            .shape = shape,
                            .may_lose = eligible && agreed.all_ready,
                            .model = model,
                            .compute_s = agreed.compute_s,
                            .margin = agreed.margin,
                            .gain = agreed.gain,
                            .memo = operation.tensor != nullptr ? &operation.tensor->policy.memo : nullptr,
                            .worth = agreed.worth ? &*agreed.worth : nullptr,
                            .only_family = agreed.all_ready ? tried_family(operation) : Family::exact,
                            .resumable = context.has_requests(),
                            .outstanding = agreed.outstanding};
  model.device = context.device_model();
  Lane* const lane = lane_of(context, operation, shape);
  Sample sample;
  if (lane != nullptr) {
    co_await meet_others(call, run, *lane, input, sample);
    model = model_of(*lane, model);
  }
  run.teaches = sample.taken;
  Decision decision = decided(run, lane, input);
  call.shape = decision.shape;
  call.step = agreed.step;
  if (operation.device.part != nullptr) co_await await_turn(call, run, turn, *decision.algorithm);
  Energy fed;
  if (eligible && operation.tensor != nullptr) {
    if (!keeps_feedback(operation))
      context.warn_once(
          "pliant_error_feedback changed, but tensors that hold a residual keep the one they began with. "
          "Use new requests for another");
    co_await run_fed(call, run, agreed, input, decision, fed);
  } else {
    copy_in(call, operation);
    co_await run_anywhere(call, *decision.algorithm);
  }
  if (operation.device.part != nullptr) co_await end_on_device(run, call);
  (operation.tensor != nullptr ? operation.tensor->step : context.plain_calls) = agreed.step + 1;

  if (sample.taken) sample.end(run, *lane, *decision.algorithm, call.shape);
  if (lane != nullptr && operation.blocking) context.learning().note_call(decision.predicted_s);

  Pliant_Report& report = run.report = empty_report();
  fill_choice(report, decision, model.link, operation.count);
  context.end_s = MPI_Wtime();
  report.measured_s = context.end_s - run.begin_s;
  report.compress_s = call.outcome.compress_s;
  report.compute_s = agreed.compute_s;
  report.nonfinite = call.outcome.selection.nonfinite;
  report.gain = fed.gain;
  report.residual_norm = std::sqrt(std::max(0.0, fed.residual_squared));
  run.step = agreed.step;
  run.alone = begun >= 0 && context.begun_alone() == begun;
  run.algorithm = decision.algorithm;
  run.formula_s = decision.formula_s;
  run.may_lose = eligible;
  run.lane = lane;
  if (lane != nullptr) {
    report.late_rank = context.learning().stragglers().latest().rank;
    report.late_s = context.learning().stragglers().latest().late_s;
  }
  run.worth = worth_of(decision, agreed, operation.count);
}

void flush_tensor(Context& context, const Plan& plan, TensorState& tensor, float* result) {
  if (tensor.feedback == nullptr || !tensor.feedback->keeps_mass) return;
  std::vector<float> rest = FeedbackState(tensor.memory).residual;
  const Operation operation{
      plan, &tensor, rest.data(), rest.data(), tensor.count, ElementType::float32, ReduceOp::sum, false};
  UnderWay& under_way = context.blocking();
  OperationRun run{context, operation, under_way};
  const AllreduceShape shape = shape_of(run);
  const Decision decision = decide_exact(
      {.plan = plan, .shape = shape, .model = context.model(), .resumable = context.has_requests()}, "flush");
  context.prepare(under_way);
  AllreduceCall call = make_call(run, tuned_for(*decision.algorithm, shape, context.model()));
  context.begin(under_way, decision.algorithm->run(call));
  context.finish(under_way);
  Context::rethrow(under_way);
  tensor.feedback->settle(tensor.memory, rest.data(), tensor.count, context.kernels());
  context.kernels().reduction(ElementType::float32, ReduceOp::sum)(result, rest.data(), tensor.count);
}

}  // namespace pliant
