#include "runtime/tensors.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/error.hpp"
#include "mpi/agree.hpp"
#include "runtime/together.hpp"

namespace pliant {
namespace {

std::string elements(std::int64_t count) {
  return std::to_string(count) + " elements";
}

Error unlike_count(const std::string& name, const TensorState& loaded, std::int64_t count,
                   const std::string& where) {
  return Error(ErrorClass::io, name + " has " + elements(loaded.count) + " in " + where,
               "must be its count here, " + std::to_string(count), "Load the state of the same program");
}

std::vector<TensorState>::iterator find_by_name(std::vector<TensorState>& tensors, const std::string& name) {
  return std::find_if(tensors.begin(), tensors.end(),
                      [&](const TensorState& tensor) { return tensor.name == name; });
}

std::string quoted_name(const TensorState& tensor) {
  return "tensor '" + tensor.name + "'";
}

}  // namespace

std::vector<std::shared_ptr<TensorState>> Tensors::alive() const {
  std::vector<std::shared_ptr<TensorState>> tensors;
  for (const auto& weak : of_requests_)
    if (auto tensor = weak.lock()) tensors.push_back(std::move(tensor));
  return tensors;
}

std::shared_ptr<TensorState> Tensors::add(const Communicator& comm, const std::string& name,
                                          std::int64_t count) {
  const std::string ordinal = "#" + std::to_string(requests_made_);
  auto tensor = std::make_shared<TensorState>();
  tensor->name = name.empty() ? ordinal : name;
  tensor->count = count;
  std::optional<Error> refused;
  for (const auto& other : alive())
    if (other->name == tensor->name)
      refused = Error(ErrorClass::argument,
                      "request " + ordinal + " of " + elements(count) + " would be named '" + tensor->name +
                          "', as request #" + std::to_string(other->ordinal) + " of " +
                          elements(other->count) + " is",
                      "names of requests are unique on a communicator: state files know residuals by them",
                      "Give each request a pliant_name of its own, or none");
  // Freeing is local, so only some ranks may still have the other request.
  throw_together(comm, refused, "refuses a name");
  tensor->ordinal = requests_made_++;
  std::erase_if(of_requests_, [](const auto& weak) { return weak.expired(); });
  of_requests_.push_back(tensor);
  return tensor;
}

void Tensors::adopt_loaded(const Communicator& comm, TensorState& tensor) {
  const auto found = find_by_name(loaded_.of_requests, tensor.name);
  if (found == loaded_.of_requests.end()) return;
  std::optional<Error> refused;
  if (found->count != tensor.count)
    refused = unlike_count(quoted_name(tensor), *found, tensor.count, "the state that was loaded");
  throw_together(comm, refused, "refuses a request");
  tensor.resume(std::move(*found));
  loaded_.of_requests.erase(found);
}

int Tensors::find(const void* recvbuf, std::int64_t count) const {
  for (std::size_t i = 0; i < blocking_.size(); ++i)
    if (blocking_[i].recvbuf == recvbuf && blocking_[i].state->count == count) return static_cast<int>(i);
  return blocking_.size() < kMost ? kNone : kFull;
}

int Tensors::agree_on_place(const Communicator& comm, void* recvbuf, std::int64_t count) {
  std::vector<double> others(blocking_.size());  // 1: some rank's call is for another tensor
  for (std::size_t i = 0; i < others.size(); ++i)
    others[i] = blocking_[i].recvbuf == recvbuf && blocking_[i].state->count == count ? 0 : 1;
  if (!others.empty()) agree_max(comm, others);
  const auto found = std::find(others.begin(), others.end(), 0.0);
  const auto place = static_cast<int>(found - others.begin());
  if (found != others.end() || place == kFull) return place;
  auto state = std::make_unique<TensorState>();
  std::vector<TensorState>& loaded = loaded_.of_blocking_calls;
  const auto fits = std::find_if(loaded.begin(), loaded.end(),
                                 [&](const TensorState& tensor) { return tensor.count == count; });
  if (fits != loaded.end()) {
    *state = std::move(*fits);
    loaded.erase(fits);
  }
  state->name = "blocking #" + std::to_string(blocking_made_++);
  state->count = count;
  blocking_.push_back({recvbuf, std::move(state)});
  return place;
}

TensorState* Tensors::at(int place) const {
  return place >= 0 && place < static_cast<int>(blocking_.size())
             ? blocking_[static_cast<std::size_t>(place)].state.get()
             : nullptr;
}

bool Tensors::has_other_count(const void* recvbuf, std::int64_t count) const {
  return std::any_of(blocking_.begin(), blocking_.end(), [&](const BlockingTensor& tensor) {
    return tensor.recvbuf == recvbuf && tensor.state->count != count && tensor.state->memory.outstanding;
  });
}

std::vector<int> Tensors::places_of(const Communicator& comm, const void* recvbuf) const {
  const std::size_t tensors = blocking_.size();
  // For each tensor: has any rank given its buffer, and has any rank not? The last entry is for NULL.
  std::vector<double> is(tensors + 1);
  std::vector<double> is_not(tensors + 1);
  for (std::size_t i = 0; i < tensors; ++i) is[i] = blocking_[i].recvbuf == recvbuf ? 1 : 0;
  is[tensors] = recvbuf == nullptr ? 1 : 0;
  std::transform(is.begin(), is.end(), is_not.begin(), [](double mine) { return 1 - mine; });
  agree_max(comm, is);
  agree_max(comm, is_not);
  if (is[tensors] != 0 && is_not[tensors] != 0)
    throw Error(ErrorClass::buffer, "recvbuf is NULL on some ranks only",
                "NULL means all buffers, on all ranks", "Pass NULL, or the buffers of one call, everywhere");
  std::vector<int> places;
  bool some = false;
  for (std::size_t i = 0; i < tensors; ++i) {
    some = some || is[i] != 0;
    if (is[tensors] != 0 || is_not[i] == 0) places.push_back(static_cast<int>(i));
  }
  if (places.empty() && some)
    throw Error(ErrorClass::buffer, "recvbuf holds a residual, but ranks give buffers of different calls",
                "every rank gives the recvbuf of one and the same call", "Pass these, or NULL for all");
  return places;
}

void Tensors::forget(const std::vector<int>& places) {
  for (auto place = places.rbegin(); place != places.rend(); ++place)
    blocking_.erase(blocking_.begin() + *place);
}

void Tensors::realign(const Communicator& comm) {
  std::array<double, 2> made = {static_cast<double>(requests_made_), static_cast<double>(blocking_made_)};
  agree_max(comm, made);
  requests_made_ = static_cast<std::int64_t>(made[0]);
  blocking_made_ = static_cast<std::int64_t>(made[1]);
}

SavedTensors Tensors::saved() const {
  SavedTensors saved;
  for (const auto& tensor : alive())
    if (tensor->feedback != nullptr) saved.of_requests.push_back(*tensor);
  for (const BlockingTensor& tensor : blocking_)
    if (tensor.state->feedback != nullptr) saved.of_blocking_calls.push_back(*tensor.state);
  for (const TensorState& tensor : loaded_.of_requests) saved.of_requests.push_back(tensor);
  for (const TensorState& tensor : loaded_.of_blocking_calls) saved.of_blocking_calls.push_back(tensor);
  return saved;
}

void Tensors::check_fit(const SavedTensors& loaded, const char* path) const {
  for (const auto& tensor : alive())
    for (const TensorState& other : loaded.of_requests)
      if (tensor->name == other.name && tensor->count != other.count)
        throw unlike_count(quoted_name(*tensor), other, tensor->count, path);
  const std::size_t both = std::min(blocking_.size(), loaded.of_blocking_calls.size());
  for (std::size_t i = 0; i < both; ++i) {
    const TensorState& other = loaded.of_blocking_calls[i];
    const TensorState& tensor = *blocking_[i].state;
    if (tensor.count != other.count) throw unlike_count(quoted_name(tensor), other, tensor.count, path);
  }
}

void Tensors::load(SavedTensors loaded) {
  loaded_ = std::move(loaded);
  for (const auto& tensor : alive()) {
    const auto found = find_by_name(loaded_.of_requests, tensor->name);
    if (found == loaded_.of_requests.end()) continue;
    tensor->resume(std::move(*found));
    loaded_.of_requests.erase(found);
  }
  std::vector<TensorState>& of_calls = loaded_.of_blocking_calls;
  const std::size_t both = std::min(blocking_.size(), of_calls.size());
  for (std::size_t i = 0; i < both; ++i) blocking_[i].state->resume(std::move(of_calls[i]));
  of_calls.erase(of_calls.begin(), of_calls.begin() + static_cast<std::ptrdiff_t>(both));
}

std::string Tensors::list() const {
  std::string text;
  const auto add = [&](const TensorState& tensor) {
    text += "'" + tensor.name + "' of " + elements(tensor.count) + "\n";
  };
  for (const auto& tensor : alive()) add(*tensor);
  for (const BlockingTensor& tensor : blocking_) add(*tensor.state);
  return text;
}

}  // namespace pliant
