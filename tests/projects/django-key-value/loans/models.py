from django.db import models


class Loan(models.Model):
    reader_id = models.IntegerField()
    book_id = models.IntegerField()
    due_on = models.DateField()
    returned_on = models.DateField(null=True)
