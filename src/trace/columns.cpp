#include "trace/columns.hpp"

namespace pliant {
namespace {

constexpr TraceColumn kColumns[] = {
    {"time", "s", "when the call began, by MPI_Wtime since the first Pliant call", &TraceEvent::time_s},
    {"step", "1", "calls for this tensor before this one; exact blocking calls are counted together",
     &TraceEvent::step},
    {"communicator", "1", "number of the communicator, in the order of their first calls",
     &TraceEvent::communicator},
    {"tensor", "text", "pliant_name, or what Pliant named the buffer", &TraceEvent::tensor},
    {"algorithm", "text", "algorithm that was run", &TraceEvent::algorithm},
    {"elements", "1", "elements the call reduced, per rank", &TraceEvent::elements},
    {"kept", "1", "elements each message of values stands for: k, or all of them when exact",
     &TraceEvent::kept},
    {"density", "1", "kept / elements; 1 when nothing was left out", &TraceEvent::density},
    {"predicted", "s", "duration by the cost model, compression included", &TraceEvent::predicted_s},
    {"measured", "s", "duration on the recording rank", &TraceEvent::measured_s},
    {"compress", "s", "part of measured spent in selecting, gathering and scattering",
     &TraceEvent::compress_s},
    {"compute", "s",
     "between the previous call's end and this one's begin; policy budget: median of three, max over ranks",
     &TraceEvent::compute_s},
    {"wire_bytes", "byte", "bytes the recording rank sent", &TraceEvent::wire_bytes},
    {"gain", "1", "||sent||^2 / ||gradient + residual||^2 on the recording rank; 1 when exact",
     &TraceEvent::gain},
    {"residual_norm", "1", "||what the recording rank has not sent yet||; 0 when exact",
     &TraceEvent::residual_norm},
    {"nonfinite", "1", "NaN and infinities among the elements the recording rank selected",
     &TraceEvent::nonfinite},
    {"alpha", "s", "latency of the link model in force", &TraceEvent::alpha_s},
    {"beta", "s/byte", "inverse bandwidth of the link model in force", &TraceEvent::beta_s_per_byte},
    {"alpha_error", "1", "relative standard error of alpha; 0 where nothing is learned",
     &TraceEvent::alpha_error},
    {"beta_error", "1", "the same of beta", &TraceEvent::beta_error},
    {"alarm", "1", "how near the network is to being thought changed: 0 to 1", &TraceEvent::change},
    {"worth", "1",
     "density of allgather_topk that is thought as good as this call's; its density where that is not asked",
     &TraceEvent::equivalent_density},
    {"regret", "s", "predicted less that of the cheapest candidate when it was decided; > 0: an exploration",
     &TraceEvent::regret_s},
    {"late_rank", "1", "rank that the others have to wait for, again and again; -1: none, or none is known",
     &TraceEvent::late_rank},
    {"late", "s", "how much later than the median rank it comes, typically", &TraceEvent::late_s},
};

}  // namespace

std::span<const TraceColumn> trace_columns() {
  return kColumns;
}

}  // namespace pliant
