using System.Management.Automation;
using MessagePack;
using Microsoft.Data.Sqlite;

namespace Neighbour;

/// <summary>
/// The cmdlet of a module that does nothing about isolation: its MessagePack and SQLite, other versions than ours, go
/// into the default load context. Uses both and gives the versions it met, as <c>MessagePack 3.1.12, Sqlite 9.0.19</c>.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "Neighbour")]
[OutputType(typeof(string))]
public sealed class TestNeighbourCommand : PSCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string[] given = ["neighbour", "ü"];
        string[] packed = MessagePackSerializer.Deserialize<string[]>(MessagePackSerializer.Serialize(given));
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT 40 + 2";
        if (!packed.SequenceEqual(given) || command.ExecuteScalar() is not 42L)
        {
            throw new InvalidOperationException("The neighbour's own libraries do not work.");
        }

        WriteObject(
            $"MessagePack {Version(typeof(MessagePackSerializer))}, Sqlite {Version(typeof(SqliteConnection))}");
    }

    private static string Version(Type type) =>
        System.Diagnostics.FileVersionInfo.GetVersionInfo(type.Assembly.Location).ProductVersion!.Split('+', '-')[0];
}
