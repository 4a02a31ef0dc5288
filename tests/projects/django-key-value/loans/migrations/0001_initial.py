from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Loan",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("reader_id", models.IntegerField()),
                ("book_id", models.IntegerField()),
                ("due_on", models.DateField()),
                ("returned_on", models.DateField(null=True)),
            ],
        ),
    ]
