using System.Text.Json.Serialization;

namespace Dfss.Testing;

/// <summary>
/// What test processes give each other; generated, because reflection takes longer than the start of a peer.
/// </summary>
[JsonSerializable(typeof(PeerSettings))]
[JsonSerializable(typeof(ClientSettings))]
[JsonSerializable(typeof(ClientCommand))]
[JsonSerializable(typeof(ClientAnswer))]
internal sealed partial class TestingJson : JsonSerializerContext;
