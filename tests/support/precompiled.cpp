// Empty: its target holds the precompiled headers of the test programs (tests/CMakeLists.txt).
int main() {
  return 0;
}
