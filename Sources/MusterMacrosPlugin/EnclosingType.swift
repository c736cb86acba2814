import SwiftSyntax

/// A type, an extension or a protocol that something is declared in.
struct EnclosingType {
  /// As one refers to it from inside: `Geometry`, and `Shapes.Geometry` in an extension of that.
  let name: String
  let access: RemoteDeclaration.Access
  let isGeneric: Bool

  /// Nil for what is no type: a function, a closure, an accessor.
  init?(_ node: some SyntaxProtocol) {
    if let extended = node.as(ExtensionDeclSyntax.self) {
      name = extended.extendedType.trimmedDescription
      access = .init(extended.modifiers)
      isGeneric = extended.genericWhereClause != nil
    } else if let group = node.asProtocol((any DeclGroupSyntax).self),
      let named = node.asProtocol((any NamedDeclSyntax).self)
    {
      name = named.name.text
      access = .init(group.modifiers)
      isGeneric = node.asProtocol((any WithGenericParametersSyntax).self)?.genericParameterClause != nil
    } else {
      return nil
    }
  }

  init?(_ node: Syntax?) {
    guard let node else { return nil }
    self.init(node)
  }
}
