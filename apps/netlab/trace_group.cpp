#include "apps/netlab/trace_group.hpp"
namespace pliant::netlab {
void write_network_group(const std::vector<JournalEntry>&, const std::string&) {}
}  // namespace pliant::netlab
