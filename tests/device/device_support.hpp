// Shared by the tests of calls on device memory: the doubles' fixture, and buffers.
#pragma once

#include <string>
#include <vector>

#include "tests/api/api_support.hpp"
#include "tests/support/device_double/device_double.hpp"
#include "tests/support/device_double/nccl_double.hpp"
#include "tests/support/device_double/nccl_fixture.hpp"

namespace pliant_test {

/// `count` elements in device memory, as a program would have them.
template <class T>
class DeviceBuffer {
 public:
  explicit DeviceBuffer(const std::vector<T>& values)
      : count_(values.size()), data_(pliant::test::device_double().upload(values)) {}
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  ~DeviceBuffer() { pliant::cuda::calls()->free(data_); }

  T* data() const { return data_; }
  void set(const std::vector<T>& values) const {
    pliant::test::device_double().write(data_, values.data(), values.size() * sizeof(T));
  }
  std::vector<T> get() const { return pliant::test::device_double().download(data_, count_); }

 private:
  std::size_t count_;
  T* data_;
};

/// Names of the algorithms that can reduce device memory.
inline std::vector<std::string> device_algorithms(bool exact) {
  std::vector<std::string> names;
  int n = 0;
  Pliant_Algorithm_get_num(&n);
  for (int i = 0; i < n; ++i) {
    Pliant_Entry entry{};
    Pliant_Algorithm_get_info(i, &entry);
    if ((entry.exact != 0) == exact && (entry.memory & PLIANT_DEVICE_MEMORY) != 0)
      names.emplace_back(entry.name);
  }
  return names;
}

class DeviceCall : public pliant::test::NcclTest {
 protected:
  void TearDown() override {
    // The first call on a new communicator releases what freed communicators still hold.
    const FreshComm next;
    int one = 1;
    EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_INT, MPI_MAX, next), MPI_SUCCESS);
    NcclTest::TearDown();
  }
};

}  // namespace pliant_test
