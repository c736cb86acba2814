/// Makes what a new channel's owner keeps.
protocol KeptChannelFactory: Codable, Sendable {
  func makeKept(for cluster: Cluster) -> any KeptChannel
}

struct BufferFactory<Element: Codable & Sendable>: KeptChannelFactory {
  let capacity: Int

  func makeKept(for cluster: Cluster) -> any KeptChannel {
    BufferedChannel(of: Element.self, capacity: capacity, cluster: cluster)
  }
}

struct CustomFactory<Factory: ChannelFactory>: KeptChannelFactory {
  let factory: Factory

  func makeKept(for cluster: Cluster) -> any KeptChannel {
    CustomChannel<Factory.Element>(factory.makeChannel(), cluster: cluster)
  }
}
