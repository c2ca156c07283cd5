using System.Security.Cryptography;

namespace Dfss.Protocol;

/// <summary>One run of a peer, from its start to its end, which tells two peers of one store id from one that restarted.</summary>
/// <param name="Id">16 random bytes, made at each start.</param>
/// <param name="ProcessId">Its process, on its machine.</param>
internal readonly record struct PeerInstance(Guid Id, int ProcessId)
{
    private const int IdBytes = 16;

    /// <summary>A new one, of this process.</summary>
    public static PeerInstance Create() => new(new Guid(RandomNumberGenerator.GetBytes(IdBytes)), Environment.ProcessId);

    public void AddTo(MessageMap map)
    {
        map.Add("instance", Id.ToByteArray(bigEndian: true));
        map.Add("process_id", ProcessId);
    }

    /// <summary>What hello says of it; null where it says nothing.</summary>
    /// <exception cref="DfssException">InvalidArgument: a key is missing, of the wrong kind or out of range.</exception>
    public static PeerInstance? FromMap(MessageMap map)
    {
        if (!map.TryGet("instance", out MessageValue instance))
        {
            return null;
        }

        byte[] id = instance.AsBinary();
        return id.Length == IdBytes
            ? new PeerInstance(new Guid(id, bigEndian: true), Handshake.ToInteger(map.Required("process_id")))
            : throw new DfssException(DfssErrorCode.InvalidArgument, $"An instance id has {IdBytes} bytes, not {id.Length}.");
    }
}
