using System.Collections;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Converts arguments of -Peer to addresses: strings, split at commas, and objects that have an endpoint.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PeerArgumentAttribute : ArgumentTransformationAttribute
{
    private const StringSplitOptions Options = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var addresses = new List<string>();
        Add(inputData, addresses);
        return addresses.ToArray();
    }

    /// <summary>Splits a list of addresses at its commas.</summary>
    internal static string[] Split(string? text) => text is null ? [] : text.Split(',', Options);

    private static void Add(object? item, List<string> addresses)
    {
        TextArgumentAttribute.RefuseScriptBlock(item);
        switch (item is PSObject wrapped ? wrapped.BaseObject : item)
        {
            case null:
                break;
            case string text:
                addresses.AddRange(Split(text));
                break;
            case DfssFileInfo file:
                addresses.AddRange(file.Peers);
                break;
            case IDictionary made when Find(made) is { } named:
                Add(named, addresses);
                break;
            case IEnumerable many and not IDictionary:
                foreach (object? one in many)
                {
                    Add(one, addresses);
                }

                break;
            case object other:
                // Also objects from remoting, or made by the user.
                PSMemberInfoCollection<PSPropertyInfo> properties = PSObject.AsPSObject(item).Properties;
                object? value = properties[nameof(DfssPeerInfo.Endpoint)]?.Value
                    ?? properties[nameof(DfssFileInfo.Peers)]?.Value;
                Add(value ?? LanguagePrimitives.ConvertTo<string>(other), addresses);
                break;
        }
    }

    private static object? Find(IDictionary made) =>
        made[nameof(DfssPeerInfo.Endpoint)] ?? made[nameof(DfssFileInfo.Peers)];
}
