// A context's settings: those of the program, which must be equal on all ranks, and rank 0's environment.
#include <array>
#include <cstring>
#include <string>

#include "core/error.hpp"
#include "mpi/agree.hpp"
#include "mpi/check.hpp"
#include "runtime/context.hpp"
#include "runtime/guard.hpp"
#include "runtime/hints.hpp"
#include "runtime/together.hpp"

namespace pliant {
namespace {

/// Pliant's keys and values in an MPI_Info. Throws for wrong ones.
SettingLayer layer_of(MPI_Info info) {
  SettingLayer layer;
  if (info == MPI_INFO_NULL) return layer;
  int keys = 0;
  check_users("MPI_Info_get_nkeys", [&] { return MPI_Info_get_nkeys(info, &keys); });
  for (int i = 0; i < keys; ++i) {
    std::array<char, MPI_MAX_INFO_KEY + 1> key{};
    check(MPI_Info_get_nthkey(info, i, key.data()), "MPI_Info_get_nthkey");
    int length = 0;
    int found = 0;
    check(MPI_Info_get_valuelen(info, key.data(), &length, &found), "MPI_Info_get_valuelen");
    std::string value(static_cast<std::size_t>(length) + 1, '\0');
    check(MPI_Info_get(info, key.data(), length, value.data(), &found), "MPI_Info_get");
    value.resize(static_cast<std::size_t>(length));
    add_info(layer, key.data(), value);
  }
  return layer;
}

SettingLayer over(SettingLayer base, const SettingLayer& more) {
  for (const auto& [key, value] : more) base[key] = value;
  return base;
}

/// `layer` without the settings that may differ between ranks.
SettingLayer common_part(SettingLayer layer) {
  for (const SettingRow& row : setting_rows())
    if (row.each_rank_its_own) layer.erase(row.key);
  return layer;
}

/// Returns the error for the first key in which this rank's layer differs from rank 0's.
Error difference(const SettingLayer& mine, const SettingLayer& root) {
  for (const auto& [key, value] : over(mine, root)) {
    const auto here = mine.find(key);
    const auto there = root.find(key);
    if (here != mine.end() && there != root.end() && here->second == there->second) continue;
    const std::string mine_text = here == mine.end() ? "not set" : here->second;
    const std::string root_text = there == root.end() ? "not set" : there->second;
    return Error(ErrorClass::argument, quoted(key, mine_text) + " here, but " + root_text + " on rank 0",
                 "every rank gives the same settings", "Pass the same MPI_Info everywhere");
  }
  return Error(ErrorClass::argument, "another rank gives other settings than rank 0",
               "every rank gives the same settings", "Pass the same MPI_Info everywhere");
}

}  // namespace

/// Takes the environment and the context's key from rank 0. Collective.
void Context::share_with_root() {
  const std::string mine = encode(environment_layer());
  ContextKey key = process_.next_key();
  std::string shared(reinterpret_cast<const char*>(&key), sizeof key);
  shared = share_from_root(comm(), shared + mine);
  std::memcpy(&key, shared.data(), sizeof key);
  key_ = key;
  const std::string root = shared.substr(sizeof key);
  config_.environment = decode(root);
  const int other = first_rank_where(comm(), mine != root);
  if (other >= 0)
    warn_once(
        "rank " + std::to_string(other) +
        " has other PLIANT_* settings than rank 0 (rank 0's are in force on all). Start all ranks with one "
        "environment");
}

SettingLayer Context::agreed_layer(MPI_Info info) {
  SettingLayer layer;
  std::optional<Error> refused = attempt([&] {
    layer = layer_of(info);
    make_plan({over(config_.info, layer), config_.environment});
  });
  throw_together(comm(), refused, "refuses its settings");
  const SettingLayer common = common_part(layer);
  const SettingLayer root = decode(share_from_root(comm(), encode(common)));
  if (first_rank_where(comm(), root != common) >= 0) throw difference(common, root);
  return layer;
}

/// Applies the pliant_* keys that MPI kept from making the communicator, as set_info() would. Collective.
void Context::take_hints(MPI_Comm user) {
  const HintsOf hints(user);
  if (first_rank_where(comm(), hints.has_ours()) < 0) return;
  config_.info = over(config_.info, agreed_layer(hints.info()));
}

void Context::set_info(MPI_Info info) {
  config_.info = over(config_.info, agreed_layer(info));
  plan_ = make_plan(config_);
  agree_on_requests();
  call_sites.begin_epoch();
  problem_.reset();
}

Plan Context::plan_with(MPI_Info info) {
  return make_plan({over(config_.info, agreed_layer(info)), config_.environment});
}

}  // namespace pliant
