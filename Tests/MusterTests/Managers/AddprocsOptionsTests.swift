import Testing

@testable import Muster

@Test(arguments: ["inf", "-inf", "nan", "1e300", "-1", "0", "60s", ""])
func `what is no time to wait is as if it had not been said`(text: String) {
  #expect(AddprocsOptions.timeout(text) == .seconds(60))
}

@Test func `a time to wait is in seconds`() {
  #expect(AddprocsOptions.timeout("2.5") == .milliseconds(2_500) && AddprocsOptions.timeout(nil) == .seconds(60))
}

@Test func `options are looked at before anybody logs in anywhere`() {
  var options = SSHOptions()
  options.heartbeatTimeout = .zero
  #expect(throws: ClusterError.self) { try options.validate() }
  options.heartbeatTimeout = .seconds(-1)
  #expect(throws: ClusterError.self) { try options.validate() }
  options.heartbeatTimeout = .seconds(30)
  options.atLeast = 0
  #expect(throws: ClusterError.self) { try options.validate() }
  options.atLeast = 5
  #expect(throws: Never.self) { try options.validate() }
  #expect(throws: ClusterError.self) { try options.base.validate(count: 4) }
}
